/** Search in the whole conversation, on the server: the page holds only a part of it. */
import { html, useEffect, useRef, useState } from '../../lib/dom.js';
import { polite } from '../../lib/announce.js';
import { problemOf } from '../../lib/api.js';
import { words } from '../../strings/thread.js';

const say = words.find;
/** A pause in typing, milliseconds. */
const PAUSE = 150;

/** A text with its matches between U+0002 and U+0003. @param {string} snippet */
function marked(snippet) {
  return snippet.split('\u0002').flatMap((part, at) => {
    if (at === 0) return part;
    const [hit, ...rest] = part.split('\u0003');
    return [html`<mark>${hit}</mark>`, rest.join('')];
  });
}

/** @param {{session: any}} props */
export function Find({ session }) {
  const { conversation } = session;
  const field = useRef(/** @type {HTMLInputElement|null} */ (null));
  const [typed, setTyped] = useState('');
  const [hits, setHits] = useState(/** @type {any[]|null} */ (null));
  const [at, setAt] = useState(0);
  const [problem, setProblem] = useState('');
  useEffect(() => field.current?.focus(), []);
  useEffect(() => {
    if (!typed.trim()) return setHits(null);
    let isOver = false;
    const timer = setTimeout(async () => {
      try {
        const found = (await conversation.read('search', { q: typed.trim(), limit: 50 })).filter((/** @type {any} */ hit) => hit.item);
        if (isOver) return;
        setHits(found);
        setAt(0);
        setProblem('');
        polite(found.length ? say.results(found.length) : say.none);
      } catch (error) {
        if (!isOver) setProblem(problemOf(error).message);
      }
    }, PAUSE);
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [typed]);
  const close = () => {
    session.isFinding.value = false;
    session.viewport.scroller?.focus({ preventScroll: true });
  };
  const choose = (/** @type {number} */ index) => {
    setAt(index);
    if (hits?.[index]) void session.jump(hits[index].item);
  };
  const keys = (/** @type {KeyboardEvent} */ event) => {
    const count = hits?.length ?? 0;
    if (event.key === 'Escape') close();
    else if (event.key === 'ArrowDown' && count) setAt((at + 1) % count);
    else if (event.key === 'ArrowUp' && count) setAt((at + count - 1) % count);
    else if (event.key === 'Enter' && count) choose(at);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return html`<div class="thread-find" role="search" onKeyDown=${keys}>
    <input ref=${field} class="input" type="search" aria-label=${say.label} placeholder=${say.placeholder} value=${typed}
      role="combobox" aria-expanded=${String(Boolean(hits?.length))} aria-controls="thread-found" aria-autocomplete="list"
      aria-activedescendant=${hits?.length ? `thread-found-${at}` : undefined}
      onInput=${(/** @type {any} */ event) => setTyped(event.currentTarget.value)} />
    <button class="icon-button" aria-label=${say.close} onClick=${close}>✕</button>
    <ul id="thread-found" role="listbox" aria-label=${say.label} hidden=${!hits?.length}>
      ${hits?.map(
        (hit, index) => html`<li id=${`thread-found-${index}`} role="option" aria-selected=${String(index === at)} onClick=${() => choose(index)}>${marked(hit.snippet)}</li>`,
      )}
    </ul>
    ${(problem || (hits && !hits.length)) && html`<p class="muted">${problem || say.none}</p>`}
  </div>`;
}
