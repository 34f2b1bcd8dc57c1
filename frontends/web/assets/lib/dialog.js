/**
 * What lies over the page: dialogs, sheets, menus, questions.
 *
 * Dialogs are the browser's own (`<dialog>`): focus stays in, the page behind is inert, Esc closes, focus returns.
 */
import { classes, h, html, signal, useEffect, useId, useLayoutEffect, useRef, useState } from './dom.js';
import { Icon } from './icons.js';
import { words } from '../strings/shell.js';

/** @type {import('./dom.js').Signal<{id: number, view: unknown}[]>} */
const layers = signal([]);
let nextId = 1;

/**
 * A dialog. It is open as long as it is rendered.
 * @param {{title: string, onClose?: () => void, children?: unknown, kind?: string, isBare?: boolean, testId?: string}} props
 *   `isBare` hides the heading, whose text names the dialog all the same; without `onClose` it stays until it is answered
 */
function Dialog({ title, onClose = null, children, kind = 'dialog', isBare = false, testId }) {
  const element = useRef(null);
  const id = useId();
  const ended = useRef(onClose);
  ended.current = onClose;
  useLayoutEffect(() => {
    const dialog = element.current;
    const before = document.activeElement;
    // A browser closes a dialog at the second Escape without asking.
    const closed = () => (ended.current ? ended.current() : dialog.showModal());
    dialog.addEventListener('close', closed);
    dialog.showModal();
    return () => {
      dialog.removeEventListener('close', closed);
      dialog.close();
      if (before instanceof HTMLElement && before.isConnected && document.activeElement === document.body) before.focus();
    };
  }, []);
  const cancel = (event) => {
    event.preventDefault();
    onClose?.();
  };
  const outside = (event) => {
    if (event.target === element.current) onClose?.();
  };
  return html`<dialog
    ref=${element}
    class=${classes('dialog', kind !== 'dialog' && kind)}
    aria-labelledby=${id}
    data-testid=${testId}
    onCancel=${cancel}
    onPointerDown=${outside}
  >
    <div class="dialog-body">
      <header class=${isBare ? 'hidden-text' : 'dialog-head'}>
        <h2 id=${id}>${title}</h2>
        ${!isBare &&
        onClose &&
        html`<button class="icon-button" aria-label=${words.close} onClick=${onClose}>${h(Icon, { name: 'close' })}</button>`}
      </header>
      ${children}
    </div>
  </dialog>`;
}

/** A dialog along an edge: the side of a wide page, the bottom of a narrow one. @param {Parameters<typeof Dialog>[0]} props */
function Sheet(props) {
  return h(Dialog, { ...props, kind: 'sheet' });
}

/**
 * @typedef {{label: string, run?: () => unknown, icon?: string, keys?: string, isDanger?: boolean, isDisabled?: boolean,
 *   isChecked?: boolean, items?: MenuItem[]} | 'line'} MenuItem
 */

/**
 * A menu at an element or a point. It is open as long as it is rendered.
 * @param {{label: string, at: Element | {x: number, y: number}, items: MenuItem[], onClose: () => void}} props
 */
function Menu({ label, at, items, onClose }) {
  const element = useRef(null);
  const [path, setPath] = useState(/** @type {MenuItem[]} */ ([]));
  const shown = path.length ? path.at(-1).items : items;
  useLayoutEffect(() => {
    const before = document.activeElement;
    const menu = element.current;
    menu.showPopover?.();
    const away = (event) => !menu.contains(event.target) && onClose();
    document.addEventListener('pointerdown', away, true);
    addEventListener('resize', onClose);
    return () => {
      document.removeEventListener('pointerdown', away, true);
      removeEventListener('resize', onClose);
      const left = document.activeElement === document.body || menu.contains(document.activeElement);
      if (left && before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  useLayoutEffect(() => {
    place(element.current, at);
    entries(element.current)[0]?.focus();
  }, [path]);
  const choose = (item) => {
    if (item.isDisabled) return;
    if (item.items) return setPath([...path, item]);
    onClose();
    item.run?.();
  };
  const back = () => (path.length ? setPath(path.slice(0, -1)) : onClose());
  return html`<div ref=${element} class="menu" role="menu" aria-label=${path.at(-1)?.label ?? label} popover="manual"
    onKeyDown=${(event) => menuKey(event, element.current, { back, close: onClose, inside: path.length > 0 })}>
    ${path.length > 0 &&
    html`<button class="menu-item" role="menuitem" tabindex="-1" onClick=${back}>
      ${h(Icon, { name: 'left' })}<span>${path.at(-1).label}</span>
    </button><hr />`}
    ${shown.map((item, at) => (item === 'line' ? html`<hr key=${at} />` : h(MenuEntry, { key: at, item, choose })))}
  </div>`;
}

/** @param {{item: Exclude<MenuItem, 'line'>, choose: (item: MenuItem) => void}} props */
function MenuEntry({ item, choose }) {
  const isCheck = item.isChecked !== undefined;
  return html`<button
    class=${classes('menu-item', item.isDanger && 'is-danger')}
    role=${isCheck ? 'menuitemcheckbox' : 'menuitem'}
    aria-checked=${isCheck ? String(item.isChecked) : undefined}
    aria-disabled=${item.isDisabled ? 'true' : undefined}
    aria-haspopup=${item.items ? 'menu' : undefined}
    tabindex="-1"
    onClick=${() => choose(item)}
  >
    ${isCheck || item.icon ? h(Icon, { name: isCheck ? (item.isChecked ? 'check' : '') : item.icon }) : html`<span class="icon"></span>`}
    <span class="menu-label">${item.label}</span>
    ${item.keys && html`<kbd>${item.keys}</kbd>`}
    ${item.items && h(Icon, { name: 'right' })}
  </button>`;
}

/** @param {Element} menu @returns {HTMLElement[]} */
function entries(menu) {
  return [...menu.querySelectorAll('.menu-item:not([aria-disabled])')];
}

function menuKey(event, menu, { back, close, inside }) {
  const list = entries(menu);
  const at = list.indexOf(document.activeElement);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: list.length - 1 }[event.key];
  if (to !== undefined) list[(to + list.length) % list.length]?.focus();
  else if (event.key === 'ArrowRight' && document.activeElement?.getAttribute('aria-haspopup')) document.activeElement.click();
  else if (event.key === 'ArrowLeft' && inside) back();
  else if (event.key === 'Escape') back();
  else if (event.key === 'Tab') close();
  else if (event.key.length === 1 && event.key !== ' ' && !event.ctrlKey && !event.metaKey && !event.altKey) {
    const wanted = event.key.toLowerCase();
    const rest = [...list.slice(at + 1), ...list.slice(0, at + 1)];
    rest.find((one) => one.textContent.trim().toLowerCase().startsWith(wanted))?.focus();
  } else return;
  event.preventDefault();
  event.stopPropagation();
}

/** @param {HTMLElement} menu @param {Element | {x: number, y: number}} at */
function place(menu, at) {
  const box = at instanceof Element ? at.getBoundingClientRect() : { left: at.x, right: at.x, top: at.y, bottom: at.y };
  const { offsetWidth: width, offsetHeight: height } = menu;
  const left = Math.max(4, Math.min(box.left, innerWidth - width - 4));
  const below = box.bottom + 2;
  const top = below + height <= innerHeight - 4 ? below : Math.max(4, box.top - height - 2);
  menu.style.left = `${left}px`;
  menu.style.top = `${top}px`;
}

/**
 * A button that opens a menu.
 * @param {{label: string, items: MenuItem[] | (() => MenuItem[]), children?: unknown, class?: string, isLabelled?: boolean, testId?: string}} props
 *   `isLabelled` if its children name it and the label names the menu only
 */
function MenuButton({ label, items, children, class: name = 'icon-button', isLabelled = false, testId }) {
  const [isOpen, setOpen] = useState(false);
  const button = useRef(null);
  const toggle = (event) => {
    event.preventDefault();
    event.stopPropagation();
    setOpen(!isOpen);
  };
  return html`<button ref=${button} type="button" class=${name} aria-label=${isLabelled ? undefined : label} aria-haspopup="menu"
      aria-expanded=${String(isOpen)} data-testid=${testId} onClick=${toggle}>${children ?? h(Icon, { name: 'more' })}</button>
    ${isOpen && h(Menu, { label, at: button.current, items: typeof items === 'function' ? items() : items, onClose: () => setOpen(false) })}`;
}

/**
 * Opens something over the page until it is closed.
 * @template T
 * @param {(close: (answer?: T) => void) => unknown} view renders it
 * @returns {Promise<T | undefined>} what it was closed with
 */
function openLayer(view) {
  const id = nextId++;
  return new Promise((resolve) => {
    const close = (answer) => {
      layers.value = layers.value.filter((one) => one.id !== id);
      resolve(answer);
    };
    layers.value = [...layers.value, { id, view: () => view(close) }];
  });
}

/** Where layers are shown; one of them in the page. */
function Layers() {
  return layers.value.map((one) => h(Layer, { key: one.id, view: one.view }));
}

function Layer({ view }) {
  return view();
}

/**
 * Asks yes or no.
 * @param {{title: string, text?: unknown, action?: string, cancel?: string, isDanger?: boolean}} question
 * @returns {Promise<boolean>}
 */
async function confirm({ title, text, action = words.ok, cancel = words.cancel, isDanger = false }) {
  const answer = await openLayer((close) =>
    h(
      Dialog,
      { title, onClose: () => close(false) },
      html`<div class="dialog-text">${text}</div>
        <footer class="dialog-foot">
          <button class="button" autofocus onClick=${() => close(false)}>${cancel}</button>
          <button class=${isDanger ? 'button button-danger' : 'button button-primary'} onClick=${() => close(true)}>${action}</button>
        </footer>`,
    ),
  );
  return answer === true;
}

/**
 * Asks for one line of text.
 * @param {{title: string, label: string, value?: string, action?: string, hint?: string, maxLength?: number, isEmptyFine?: boolean}} question
 * @returns {Promise<string | undefined>}
 */
function askText(question) {
  return openLayer((close) => h(TextQuestion, { ...question, close }));
}

function TextQuestion({ title, label, value = '', action = words.save, hint, maxLength = 200, isEmptyFine = false, close }) {
  const [text, setText] = useState(value);
  const field = useRef(null);
  const id = useId();
  useEffect(() => field.current?.select(), []);
  const isFine = isEmptyFine || text.trim() !== '';
  const submit = (event) => {
    event.preventDefault();
    if (isFine) close(text.trim());
  };
  return h(
    Dialog,
    { title, onClose: () => close() },
    html`<form onSubmit=${submit}>
      <label class="field" for=${id}><span class="field-label">${label}</span>
        <input id=${id} ref=${field} class="input" value=${text} maxlength=${maxLength} autofocus autocomplete="off"
          aria-describedby=${hint ? `${id}-hint` : undefined} onInput=${(event) => setText(event.currentTarget.value)} />
      </label>
      ${hint && html`<p class="field-hint" id=${`${id}-hint`}>${hint}</p>`}
      <footer class="dialog-foot">
        <button type="button" class="button" onClick=${() => close()}>${words.cancel}</button>
        <button class="button button-primary" disabled=${!isFine}>${action}</button>
      </footer>
    </form>`,
  );
}

export { askText, confirm, Dialog, Layers, Menu, MenuButton, openLayer, Sheet };
