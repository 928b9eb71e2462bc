// One stream of events for a whole browser: the tab that holds the lock reads it, the others hear from that tab.
const NAMES = ["state", "progress", "preview", "result", "removed", "download"];
const AGAIN = 1000; // milliseconds until the next try

/** Call `hear(name, data)` for every note of the server, and `hear("line", open?)` when the line comes or goes. */
export function follow(hear) {
  const channel = "BroadcastChannel" in self ? new BroadcastChannel("mutoscope") : null;
  let isOpen = null;
  const tell = (name, data) => {
    if (name === "line") isOpen = data;
    hear(name, data);
    channel?.postMessage({ name, data });
  };
  if (!channel || !navigator.locks) return void listen(tell); // on a network without https there are no locks
  channel.onmessage = ({ data: note }) => {
    if (note.name !== "ask") hear(note.name, note.data);
    else if (isOpen !== null) channel.postMessage({ name: "line", data: isOpen });
  };
  navigator.locks.request("mutoscope-events", () => new Promise(() => listen(tell)));
  channel.postMessage({ name: "ask" });
}

function listen(tell) {
  const source = new EventSource("/api/events");
  source.onopen = () => tell("line", true);
  source.onerror = () => { // a new one, for the whole state is read again when it opens
    source.close();
    tell("line", false);
    setTimeout(() => listen(tell), AGAIN);
  };
  for (const name of NAMES) source.addEventListener(name, (event) => tell(name, JSON.parse(event.data)));
}
