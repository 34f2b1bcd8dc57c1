/** One item of a conversation, whatever it says: a message, reasoning, a summary, a call. */
import { classes, h, html, useId, useState } from '../../lib/dom.js';
import { clock, dateTime, size as bytesOf } from '../../lib/format.js';
import { openLayer, Dialog } from '../../lib/dialog.js';
import { Icon } from '../../lib/icons.js';
import { Markdown } from '../../lib/markdown/markdown.js';
import { isOver } from '../../lib/conversation/items.js';
import { isWords, wordsIn } from '../../lib/conversation/skills.js';
import { words } from '../../strings/item.js';
import { imageAddress, revealedLine } from './common.js';
import { ToolCard } from './tool-card.js';

const say = words.item;
/** Lines and characters of a person's message that are shown at first. */
const MOST_LINES = 24;
const MOST_SIGNS = 4000;

/**
 * @typedef {object} ItemProps
 * @property {any} item
 * @property {any} [conversation] the model of `lib/conversation`
 * @property {any} [live] what only previews tell: signals `output`, `progress`, `agents`
 * @property {number} [place] among the messages, from 1
 * @property {number} [size] how many there are, -1 if nobody knows
 * @property {boolean} [isNarration] words between calls
 */

/** @param {ItemProps} props */
function ItemView(props) {
  const { item } = props;
  switch (item.body.kind) {
    case 'user_message':
      return h(UserMessage, props);
    case 'agent_message':
      return h(AgentMessage, props);
    case 'reasoning':
      return h(Reasoning, props);
    case 'summary':
      return h(Summary, props);
    default:
      return h(ToolCard, props);
  }
}

/** The frame of a message. @param {ItemProps & {author: string, kind: string, children?: unknown}} props */
function Message({ item, place, size, author, kind, isNarration = false, children }) {
  const id = useId();
  return html`<article
    class=${classes('item', `item-${kind}`, isNarration && 'is-narration')}
    data-testid="message"
    data-kind=${item.body.kind}
    data-id=${item.id}
    aria-labelledby=${id}
    aria-posinset=${place || undefined}
    aria-setsize=${place ? size : undefined}
  >
    <h3 class=${isNarration ? 'hidden-text' : 'item-head'} id=${id}>
      <span class="item-author">${author}</span> <time datetime=${new Date(item.created_at).toISOString()} title=${dateTime(item.created_at)}>${clock(item.created_at)}</time>
    </h3>
    ${children}
    ${item.status === 'interrupted' && html`<p class="item-mark" title=${say.interruptedTitle}>■ ${say.interrupted}</p>`}
    ${item.status === 'failed' && html`<p class="item-mark is-bad">✗ ${say.failed}</p>`}
  </article>`;
}

/** @param {ItemProps} props */
function UserMessage(props) {
  const { content } = props.item.body;
  const isHost = props.item.origin.kind === 'host';
  const attached = content.filter(({ type }) => type === 'attachment');
  const pictures = content.filter(({ type }) => type === 'image');
  return h(
    Message,
    { ...props, author: isHost ? say.host : say.you, kind: isHost ? 'host' : 'user' },
    content.map((part, at) => isWords(part) && h(UserText, { key: at, text: wordsIn(part) })),
    content.map((part, at) => part.type === 'skill' && part.used && h(Skill, { key: at, part })),
    pictures.length > 0 && html`<div class="item-pictures">${pictures.map((image, at) => h(Picture, { key: at, image }))}</div>`,
    attached.length > 0 &&
      html`<ul class="item-attachments" aria-label=${say.attachments}>
        ${attached.map((one, at) => html`<li key=${at}>${h(Attachment, { one })}</li>`)}
      </ul>`,
  );
}

/** A person's words as they wrote them. @param {{text: string}} props */
function UserText({ text }) {
  const [isWhole, setWhole] = useState(false);
  const lines = text.split('\n');
  const isLong = lines.length > MOST_LINES + 6 || text.length > MOST_SIGNS + 800;
  const shown = isLong && !isWhole ? lines.slice(0, MOST_LINES).join('\n').slice(0, MOST_SIGNS) : text;
  return html`<div class="item-words">${shown}${shown !== text && '…'}</div>
    ${isLong &&
    html`<button type="button" class="button button-quiet item-small" aria-expanded=${String(isWhole)} onClick=${() => setWhole(!isWhole)}>
      ${isWhole ? say.showLess : say.showAll(lines.length)}
    </button>`}`;
}

/** An image, small, and large when pressed. @param {{image: {media_type: string, data: string}, label?: string}} props */
function Picture({ image, label }) {
  const address = imageAddress(image);
  if (!address) return html`<span class="item-chip">${say.noPicture(revealedLine(image.media_type))}</span>`;
  const name = label ?? say.picture(image.media_type);
  const open = () =>
    openLayer((close) => h(Dialog, { title: name, onClose: () => close() }, html`<img class="item-picture-large" src=${address} alt=${name} />`));
  return html`<button type="button" class="item-picture" title=${say.openPicture} onClick=${open}><img src=${address} alt=${name} decoding="async" /></button>`;
}

/** What a reference led to. @param {{one: any}} props */
function Attachment({ one }) {
  const { path, kind, lines, count, text, image } = one;
  const where = lines ? ` ${say.lines(lines.first, lines.last)}` : '';
  const about = [
    say.kinds[kind](count, bytesOf(count)),
    one.is_cut && say.cut,
    one.trust === 'untrusted' && say.outside,
  ].filter(Boolean);
  const head = html`${h(Icon, { name: kind === 'folder' ? 'folder' : kind === 'note' ? 'note' : 'file' })}
    <span class="item-path">${revealedLine(path)}${where}</span> <span class="item-muted">${about.join(' · ')}</span>`;
  return html`<details class="item-attachment">
    <summary>${head}</summary>
    ${image ? h(Picture, { image, label: revealedLine(path) }) : html`<pre class="item-pre" tabindex="0">${text}</pre>`}
  </details>`;
}

/** Whose words a called skill is, what they are, and what they leave of the tools. @param {{part: any}} props */
function Skill({ part: { name, used } }) {
  const left = used.allowed_tools && say.skillLeaves(used.allowed_tools.map(revealedLine).join(', '));
  return html`<details class="item-attachment" data-testid="skill-used">
    <summary>${h(Icon, { name: 'skills' })} <span class="item-path">${say.skill(name)}</span>
      <span class="item-muted">${[say.skillFrom(used.origin), left].filter(Boolean).join(' · ')}</span></summary>
    ${used.path && html`<p class="item-muted"><bdi>${revealedLine(used.path)}</bdi></p>`}
    <pre class="item-pre" tabindex="0">${used.text}</pre>
  </details>`;
}

/** @param {ItemProps} props */
function AgentMessage(props) {
  const { item, isNarration } = props;
  return h(
    Message,
    { ...props, author: isNarration ? say.narration : say.agent, kind: 'model' },
    h(Markdown, { text: item.body.text, isStreaming: !isOver(item), id: item.id }),
  );
}

/** @param {string} text */
function wordCount(text) {
  return text.trim() === '' ? 0 : text.trim().split(/\s+/).length;
}

/** @param {ItemProps} props */
function Reasoning({ item }) {
  const [isOpen, setOpen] = useState(false);
  const { text } = item.body;
  const isRunning = !isOver(item);
  return html`<details class="item item-folded" data-testid="reasoning" data-id=${item.id} open=${isOpen} onToggle=${(event) => setOpen(event.currentTarget.open)}>
    <summary>${isRunning ? say.reasoningNow : say.reasoning} <span class="item-muted">${say.count(wordCount(text))}</span></summary>
    ${isOpen && h(Markdown, { text, isStreaming: isRunning, id: item.id })}
  </details>`;
}

/** @param {ItemProps} props */
function Summary({ item }) {
  const [isOpen, setOpen] = useState(false);
  return html`<details class="item item-folded" data-testid="summary" data-id=${item.id} open=${isOpen} onToggle=${(event) => setOpen(event.currentTarget.open)}>
    <summary>${say.summary} <span class="item-muted">${say.count(wordCount(item.body.text))}</span></summary>
    ${isOpen && h(Markdown, { text: item.body.text, isStreaming: !isOver(item), id: item.id })}
  </details>`;
}

export { ItemView, Picture };
