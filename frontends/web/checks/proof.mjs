/** Whoever takes the port after the server's end is shown nothing that opens anything. Run with `node --test`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { prover, tabOf } from './prover.mjs';

const { Credential, NoPass } = await import('../assets/lib/proof.js');

const address = '127.0.0.1:8080';
const secret = Buffer.alloc(32, 7).toString('base64url');

/** Everything that is sent, and answers of whoever listens. @param {(sent: string) => Response|Promise<Response>} answer */
function listen(answer) {
  const seen = [];
  globalThis.fetch = async (url, { body, headers }) => {
    seen.push(`${url} ${JSON.stringify(headers)} ${body}`);
    return answer(body);
  };
  return seen;
}

const kindOf = (promise) => promise.then(() => 'passed', (cause) => cause instanceof NoPass && cause.kind);

test('what the server computes is what the page computes', async () => {
  // The same numbers stand in `frontends/http/src/session/pass.rs`.
  listen(prover([secret], { address }));
  const name = '07d5111508625a96d02b044ce0b34dab6ae59f3a103cffd57b9e5106106c1599';
  assert.equal(await new Credential(secret, address).pass(), `${name}.rfcZEgDphJXoHeLqJjA8-AgqaUYjSrM_9Fj5WqZ5CnI`);
});

test('the secret is never sent, neither to the server nor to whoever listens in its place', async () => {
  const seen = listen(prover([secret], { address }));
  const credential = new Credential(secret, address);
  const pass = await credential.pass();
  assert.equal(tabOf(pass, [secret], { address }), secret);
  credential.doubt();
  seen.push(...listen(() => new Response('{}')));
  await kindOf(credential.pass());
  assert.ok(!`${seen} ${pass}`.includes(secret));
});

test('nobody passes for the server without what it knows of the tab', async () => {
  const stranger = async (answer) => {
    const credential = new Credential(secret, address);
    listen(answer);
    const kind = await kindOf(credential.pass());
    // A refusal is not remembered: the server itself may be back.
    listen(prover([secret], { address }));
    assert.equal(await kindOf(credential.pass()), 'passed');
    return kind;
  };
  const json = (said) => () => new Response(JSON.stringify(said));
  assert.equal(await stranger(json({ boot: 'boot', proof: '0'.repeat(64) })), 'stranger');
  assert.equal(await stranger(json({})), 'stranger');
  assert.equal(await stranger(json(null)), 'stranger');
  assert.equal(await stranger(() => new Response('<html>')), 'stranger');
  // The true server, on the port it has now, answering for somebody who hands its words on.
  assert.equal(await stranger(prover([secret], { address: '127.0.0.1:8081' })), 'stranger');
  // What the true server said once.
  const old = await prover([secret], { address })(JSON.stringify({ tab: await nameOf(), nonce: 'old' })).text();
  assert.equal(await stranger(() => new Response(old)), 'stranger');
  assert.equal(await stranger(() => new Response('{}', { status: 401 })), 'signed-out');
  assert.equal(await stranger(() => Promise.reject(new TypeError('refused'))), 'unreachable');
});

async function nameOf() {
  let tab;
  listen((sent) => {
    tab = JSON.parse(sent).tab;
    return new Response('{}');
  });
  await kindOf(new Credential(secret, address).pass());
  return tab;
}

test('a pass is asked for once, anew after a loss and after a while', async (context) => {
  context.mock.timers.enable({ apis: ['Date'] });
  context.mock.timers.setTime(1_000_000);
  const seen = listen(prover([secret], { address }));
  const credential = new Credential(secret, address);
  await Promise.all([credential.pass(), credential.pass()]);
  assert.equal(seen.length, 1);
  credential.doubt();
  const pass = await credential.pass();
  assert.equal(seen.length, 2);
  context.mock.timers.tick(61_000);
  // A page that is left has no time to ask.
  await credential.pass(true);
  assert.equal(seen.length, 2);
  await credential.pass();
  assert.equal(seen.length, 3);
  assert.equal(await credential.renew(pass), '');
  const next = { address, boot: 'next' };
  listen(prover([secret], next));
  assert.equal(tabOf(await credential.renew(pass), [secret], next), secret);
});
