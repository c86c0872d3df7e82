// The stream of what happens now: connects, and connects again for ever.

const CHECK_MS = 1_000;
// A stream ends from time to time, and the browser opens the next one: that is no loss.
const BROKEN_MS = 2_500;
// A pulse comes every second, every few seconds in an outage: after so long the connection is dead.
const SILENT_MS = 8_000;
const RETRY_MS = 2_000;

// `handlers` has a function for each event of the stream, and `lost` for when nothing comes.
// `admit` resolves when the service would let this browser read.
export function follow(handlers, admit) {
  let source;
  let heard = Date.now();
  let broken = null;

  function connect() {
    heard = Date.now();
    source = new EventSource("v1/stream");
    for (const name of ["history", "pulse", "anomaly"]) {
      source.addEventListener(name, (event) => {
        heard = Date.now();
        broken = null;
        handlers[name](JSON.parse(event.data));
      });
    }
    source.onerror = () => {
      broken ??= Date.now();
      // The browser tries again by itself, unless the service answered with an error.
      if (source.readyState === EventSource.CLOSED) setTimeout(reconnect, RETRY_MS);
    };
  }

  async function reconnect() {
    source.close();
    try {
      await admit();
      connect();
    } catch {
      setTimeout(reconnect, RETRY_MS);
    }
  }

  setInterval(() => {
    const now = Date.now();
    const silent = now - heard > SILENT_MS;
    if (silent || (broken !== null && now - broken > BROKEN_MS)) handlers.lost();
    if (silent && source.readyState === EventSource.OPEN) reconnect();
  }, CHECK_MS);

  connect();
}
