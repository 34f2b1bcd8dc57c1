/**
 * What this tab says instead of its secret, once whoever answers has proven to be the server that knows the tab.
 *
 * Without TLS another user of the machine can listen at this address after the server's end. Such a listener is asked
 * for a proof it cannot give; and a pass that it is shown nevertheless, in the moment before the loss is noticed, was
 * good at the server that ended and is at no other. The server's side is `frontends/http/src/session/pass.rs`.
 */

/** A proof this old is asked for anew, milliseconds: a loss may go unnoticed where no stream is open. */
const FRESH = 60_000;

/** Why there is no pass: `signed-out`, `stranger` for whoever cannot prove that it is the server, or `unreachable`. */
class NoPass extends Error {
  /** @param {'signed-out'|'stranger'|'unreachable'} kind */
  constructor(kind) {
    super(kind);
    this.kind = kind;
  }
}

/** @param {string} text */
const bytesOf = (text) => new TextEncoder().encode(text);
/** @param {ArrayBuffer} buffer */
const hex = (buffer) => [...new Uint8Array(buffer)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
/** @param {string} text */
const digest = async (text) => hex(await crypto.subtle.digest('SHA-256', bytesOf(text)));

/** @param {Uint8Array} bytes */
function base64(bytes) {
  return btoa(String.fromCharCode(...bytes)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/** @param {string} text */
function unbase64(text) {
  return Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (sign) => sign.charCodeAt(0));
}

/** @param {string} key @param {string[]} parts */
async function sign(key, ...parts) {
  const made = await crypto.subtle.importKey('raw', bytesOf(key), { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
  return crypto.subtle.sign('HMAC', made, bytesOf(`aroom ${parts.join('\n')}`));
}

/** The secret of one tab, which leaves this object masked only. */
class Credential {
  #secret;
  #address;
  /** @type {Promise<string>|null} */
  #pass = null;
  #provenAt = 0;

  /**
   * @param {string} secret
   * @param {string} [address] name and port of the page
   */
  constructor(secret, address = globalThis.location?.host ?? '') {
    this.#secret = secret;
    this.#address = address.toLowerCase();
  }

  /** @param {string} secret whether it is this one's */
  isOf(secret) {
    return secret === this.#secret;
  }

  /**
   * What proves who asks to the server that has proven itself; throws `NoPass`.
   * @param {boolean} [isLeaving] whether there is no time to ask anew: what was not doubted is good enough
   * @returns {Promise<string>}
   */
  pass(isLeaving = false) {
    if (!isLeaving && Math.abs(Date.now() - this.#provenAt) > FRESH) this.#pass = null;
    if (!this.#pass) {
      const asked = this.#prove();
      this.#pass = asked;
      this.#provenAt = Date.now();
      asked.catch(() => this.#pass === asked && this.doubt());
    }
    return this.#pass;
  }

  /** The connection was lost: whoever answers next may be somebody else. */
  doubt() {
    this.#pass = null;
  }

  /**
   * A pass was refused: another one if the server has begun anew since, none if it knows this tab no more.
   * @param {string} refused
   */
  async renew(refused) {
    this.doubt();
    const pass = await this.pass();
    return pass === refused ? '' : pass;
  }

  async #prove() {
    const hash = await digest(this.#secret);
    const tab = await digest(`aroom tab\n${hash}`);
    const nonce = base64(crypto.getRandomValues(new Uint8Array(32)));
    const { boot, proof } = await ask({ tab, nonce });
    if (typeof boot !== 'string' || proof !== hex(await sign(hash, 'server', this.#address, boot, nonce))) throw new NoPass('stranger');
    const mask = new Uint8Array(await sign(hash, 'pass', this.#address, boot));
    return `${tab}.${base64(unbase64(this.#secret).map((byte, at) => byte ^ mask[at]))}`;
  }
}

/** @param {object} body */
async function ask(body) {
  const answer = await fetch('/api/session/proof', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
    cache: 'no-store',
  }).catch(() => {
    throw new NoPass('unreachable');
  });
  if (answer.status === 401) throw new NoPass('signed-out');
  if (!answer.ok) throw new NoPass('unreachable');
  return (await answer.json().catch(() => null)) ?? {};
}

export { Credential, NoPass };
