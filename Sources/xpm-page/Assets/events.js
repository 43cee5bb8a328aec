// One connection for each run that is watched, shared by all tabs: a browser opens six to a server, no more.
const sources = new Map();

onconnect = (event) => {
  const port = event.ports[0];
  port.onmessage = ({ data }) => {
    if (data.follow) follow(data.follow, port);
    if (data.leave) leave(data.leave, port);
  };
};

function follow(address, port) {
  let known = sources.get(address);
  if (!known) {
    known = { ports: new Set(), source: null, last: null };
    sources.set(address, known);
  }
  known.ports.add(port);
  // A source that was refused is closed for good: the page's program may have come again since.
  if (!known.source || known.source.readyState === EventSource.CLOSED) open(address, known);
  // Who comes later hears how it stands.
  else if (known.last) port.postMessage({ address, news: { ...known.last, rows: null } });
}

function open(address, known) {
  // Without an id: who has not heard for a while fetches all that is seen.
  const source = new EventSource(address);
  known.source = source;
  known.last = null;
  const tell = (message) => { for (const port of known.ports) port.postMessage({ address, ...message }); };
  source.onopen = () => tell({ isOpen: true });
  source.onerror = () => {
    tell({ isLost: true });
    // One that was refused does not come back by itself: the page's program may be another by now, and the cookie too.
    if (source.readyState === EventSource.CLOSED) {
      setTimeout(() => { if (sources.get(address) === known && known.source === source) open(address, known); }, 3000);
    }
  };
  source.onmessage = (event) => {
    known.last = JSON.parse(event.data);
    tell({ news: known.last });
  };
}

function leave(address, port) {
  const known = sources.get(address);
  if (!known?.ports.delete(port) || known.ports.size > 0) return;
  // Nobody looks: the server has nothing to do for it.
  known.source.close();
  sources.delete(address);
}
