/** The shared worker: holds the one event stream of all tabs of this browser. */
import { Hub } from './hub.js';

const hub = new Hub();

/** @param {MessagePort} port */
function serve(port) {
  let name = '';
  port.onmessage = ({ data }) => {
    switch (data.type) {
      case 'join':
        name = data.name;
        hub.join(name, data.secret, (message) => port.postMessage(message));
        leaveWith(name);
        break;
      case 'follow':
        hub.follow(name, data.topic, data.after);
        break;
      case 'unfollow':
        hub.unfollow(name, data.topic);
        break;
      case 'poke':
        hub.poke();
        break;
      case 'here':
        if (!hub.seen(name)) port.postMessage({ type: 'join' });
        break;
      case 'bye':
        hub.leave(name);
        break;
    }
  };
}

/** A tab holds a lock of its name as long as it lives: whoever gets it after knows that it died. @param {string} name */
function leaveWith(name) {
  void navigator.locks?.request(name, () => hub.leave(name));
}

globalThis.onconnect = ({ ports }) => serve(ports[0]);
