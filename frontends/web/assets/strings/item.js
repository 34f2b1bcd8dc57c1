/** Words of items: messages, tool cards, approvals, canvases. */

export const words = {
  markdown: {
    copy: 'Copy',
    copied: 'Copied',
    copyFailed: 'Could not copy: select it and use the keys of your system',
    copyCode: 'Copy code',
    wrap: 'Wrap',
    wrapLines: 'Wrap lines',
    codeLabel: (lang) => (lang ? `${lang} code` : 'Code'),
    plainCode: 'text',
    image: (host, alt) => (alt ? `image: ${host} (${alt})` : `image: ${host}`),
    imageTitle: 'Opens in a new tab. Images of other servers are never loaded here.',
    noImage: (path) => `image: ${path}`,
    cut: (hidden) => `… ${hidden} more characters in this line; Copy has all of them`,
    task: (isDone) => (isDone ? 'Done' : 'To do'),
    table: 'Table',
    foreign: (host) => `(${host})`,
  },
};
