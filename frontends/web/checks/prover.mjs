/** The server's side of what proves it to a tab, made with another library than the page's. */
import { createHash, createHmac } from 'node:crypto';

const hash = (text) => createHash('sha256').update(text).digest('hex');
const sign = (secret, ...parts) => createHmac('sha256', hash(secret)).update(`aroom ${parts.join('\n')}`).digest();
const nameOf = (secret) => hash(`aroom tab\n${hash(secret)}`);

/**
 * Answers proofs as a server does that knows these secrets.
 * @param {string[]} secrets
 * @param {{address?: string, boot?: string}} [of]
 */
export function prover(secrets, { address = '', boot = 'boot' } = {}) {
  return (/** @type {string} */ sent) => {
    const { tab, nonce } = JSON.parse(sent);
    const secret = secrets.find((one) => nameOf(one) === tab);
    if (!secret) return new Response('{}', { status: 401 });
    return new Response(JSON.stringify({ boot, proof: sign(secret, 'server', address, boot, nonce).toString('hex') }));
  };
}

/**
 * Which of these secrets a pass was made of, at a server.
 * @param {string} pass
 * @param {string[]} secrets
 * @param {{address?: string, boot?: string}} [of]
 */
export function tabOf(pass, secrets, { address = '', boot = 'boot' } = {}) {
  const [tab, masked] = pass.split('.');
  return secrets.find((secret) => {
    const mask = sign(secret, 'pass', address, boot);
    const bytes = Buffer.from(masked ?? '', 'base64url').map((byte, at) => byte ^ mask[at]);
    return nameOf(secret) === tab && Buffer.from(bytes).toString('base64url') === secret;
  });
}
