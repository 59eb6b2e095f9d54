// Keeps the takes on a page true: server-sent events, or a look every few seconds where those do not get through.
// <section data-live="…/events/?since=…" data-live-poll="…/live/"> hears; each message goes out as a `take:…` event.
const EVERY = 3000

for (const section of document.querySelectorAll("[data-live]")) {
  let since = new URL(section.dataset.live, location.href).searchParams.get("since")
  let source = null
  let timer = null

  const tell = (kind, data) => section.dispatchEvent(new CustomEvent(`take:${kind}`, { detail: data }))

  const listen = () => {
    const address = new URL(section.dataset.live, location.href)
    address.searchParams.set("since", since)
    source = new EventSource(address)
    for (const kind of ["card", "progress", "credits"]) {
      source.addEventListener(kind, message => {
        since = message.lastEventId || since
        tell(kind, JSON.parse(message.data))
      })
    }
    // A browser tries again by itself; only a stream that was turned away for good is worth polling for.
    source.addEventListener("error", () => source.readyState === EventSource.CLOSED && look())
  }

  const look = async () => {
    const address = new URL(section.dataset.livePoll, location.href)
    address.searchParams.set("since", since)
    const answer = await fetch(address, { headers: { Accept: "application/json" } }).catch(() => null)
    if (answer?.ok && !answer.redirected) {
      const { now, events } = await answer.json()
      since = now
      for (const { kind, data } of events) tell(kind, data)
    } else if (answer && (answer.redirected || (answer.status < 500 && answer.status !== 429))) {
      return // signed out, or no longer ours to see
    }
    timer = setTimeout(look, EVERY)
  }

  const rest = () => {
    source?.close()
    clearTimeout(timer)
  }

  const start = () => ("EventSource" in window && !("livePollOnly" in section.dataset) ? listen() : look())

  // A browser opens only a handful of connections to one house: a page nobody looks at gives its own back.
  document.addEventListener("visibilitychange", () => {
    rest()
    if (!document.hidden) start()
  })
  addEventListener("pagehide", rest)
  addEventListener("pageshow", event => event.persisted && start())
  start()
}
