// The player's buttons and keys. One table of acts; a button names its act, a key names its act.
const SPARED = "input, textarea, select, [contenteditable], dialog"
const SWITCH = "player:single-keys"

const acts = {
  play: player => player.toggle(),
  back: player => player.step(-1),
  forward: player => player.step(1),
  back10: player => player.step(-10),
  forward10: player => player.step(10),
  first: player => player.go(0),
  last: player => player.go(player.frames - 1),
  start: player => player.mark("start"),
  end: player => player.mark("end"),
  unmark: player => player.unmark(),
  loop: player => {
    player.loops = !player.loops
    player.tell()
  },
  screen: player => (document.fullscreenElement ? document.exitFullscreen() : player.root.querySelector(".screen").requestFullscreen()),
  keys: player => player.root.querySelector("dialog").showModal(),
}
const keys = {
  ArrowLeft: "back", ArrowRight: "forward", "shift ArrowLeft": "back10", "shift ArrowRight": "forward10",
  PageDown: "back10", PageUp: "forward10", Home: "first", End: "last", " ": "play",
}
const letters = { i: "start", o: "end", x: "unmark", l: "loop", f: "screen", "?": "keys" }

// A browser may be set to keep nothing at all; then a choice lasts as long as the page.
const remembered = () => {
  try {
    return localStorage.getItem(SWITCH)
  } catch {}
}
const remember = choice => {
  try {
    localStorage.setItem(SWITCH, choice)
  } catch {}
}

for (const root of document.querySelectorAll("[data-player]")) {
  const { player } = root
  if (!player) continue
  const single = root.querySelector("[data-single-keys]")
  const place = name => root.querySelector(`[data-${name}]`)

  for (const button of root.querySelectorAll("[data-act]")) button.addEventListener("click", () => acts[button.dataset.act](player))
  place("speed").addEventListener("change", event => (player.video.playbackRate = Number(event.target.value)))

  // People who speak to their computer must be able to switch single letters off; arrows and space stay.
  single.checked = remembered() !== "off"
  single.addEventListener("change", () => remember(single.checked ? "on" : "off"))

  document.addEventListener("keydown", event => {
    if (event.metaKey || event.ctrlKey || event.altKey || event.target.closest(SPARED)) return
    if (event.key === " " && event.target.closest("button, summary, a")) return
    const held = event.shiftKey && event.key.startsWith("Arrow") ? "shift " : ""
    const act = keys[held + event.key] ?? (single.checked ? letters[event.key] : undefined)
    if (!act || (event.key.startsWith("Page") && !root.contains(event.target))) return
    event.preventDefault()
    acts[act](player)
  })

  root.addEventListener("frame", () => {
    place("timecode").textContent = player.timecode()
    place("frame").textContent = player.frame
    place("play-button").setAttribute("aria-label", player.playing ? "Pause" : "Play")
    place("play-button").toggleAttribute("data-playing", player.playing)
    place("loop-button").setAttribute("aria-pressed", player.loops)
  })
  player.tell()
}
