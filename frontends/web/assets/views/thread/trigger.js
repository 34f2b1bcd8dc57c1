/** What opens a menu of the composer, `@`, `/` or `#` at the caret; and what fits it, asked for after a pause. */
import { useEffect, useState } from '../../lib/dom.js';
import { offers } from '../../lib/conversation/servers.js';

/** A pause in typing before the server is asked, milliseconds. */
const PAUSE = 60;

/**
 * What is typed at the caret that opens a menu.
 *
 * @param {string} text @param {number} caret
 * @returns {{sign: string, typed: string, from: number}|null}
 */
export function triggerAt(text, caret) {
  const before = text.slice(0, caret);
  const action = /^\/([\w.-]*)$/.exec(before);
  if (action) return { sign: '/', typed: action[1], from: 0 };
  const found = /(?:^|[\s([{,;:])([@#])(?:"([^"\n]*)|([^\s"]*))$/.exec(before);
  if (!found) return null;
  const typed = found[2] ?? found[3] ?? '';
  if (found[1] === '#' && !/^[\p{L}\p{N}_-]*$/u.test(typed)) return null;
  const from = before.lastIndexOf(found[1], caret - typed.length - 1);
  return { sign: found[1], typed, from };
}

/** What fits a trigger, asked for after a pause. @param {any} trigger @param {any} of */
export function useChoices(trigger, of) {
  const [found, setFound] = useState(/** @type {{for: string, list: import('./composer-menu.js').Choice[]}|null} */ (null));
  const wanted = trigger ? `${trigger.sign}${trigger.typed}` : '';
  useEffect(() => {
    if (!trigger) return setFound(null);
    let isOver = false;
    const ask = async () => {
      const { choices } = await import('./composer-menu.js');
      const list = await choices(trigger, of).catch(() => []);
      if (!isOver) setFound({ for: wanted, list });
    };
    const timer = setTimeout(ask, trigger.sign === '/' ? 0 : PAUSE);
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [wanted, offers.value]);
  return trigger ? found : null;
}
