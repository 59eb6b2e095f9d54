// The scrubber under the picture: drag to a frame, hover for a small picture of it, read out only when it rests.
for (const root of document.querySelectorAll("[data-player]")) {
  const { player } = root
  if (!player) continue
  const track = root.querySelector("[data-track]")
  const head = track.querySelector("[data-head]")
  const range = track.querySelector("[data-range]")
  const thumb = track.querySelector("[data-thumb]")
  // The sprite sheet: `frames` lists which frame each of its tiles shows, row by row.
  const sheet = track.dataset.sprite ? JSON.parse(track.dataset.sprite) : null

  const share = frame => (player.frames > 1 ? (100 * frame) / (player.frames - 1) : 0)
  const at = event => {
    const box = track.getBoundingClientRect()
    return player.clamp(Math.round(((event.clientX - box.left) / box.width) * (player.frames - 1)))
  }

  root.addEventListener("frame", () => {
    head.style.left = `${share(player.frame)}%`
    range.hidden = player.range.start === 0 && player.range.end === player.frames - 1
    range.style.left = `${share(player.range.start)}%`
    range.style.width = `${share(player.range.end) - share(player.range.start)}%`
    if (player.playing) return // a screen reader that hears every frame hears nothing else
    track.setAttribute("aria-valuenow", player.frame)
    track.setAttribute("aria-valuetext", `Frame ${player.frame}, ${(player.frame / player.fps).toFixed(2)} seconds`)
  })

  track.addEventListener("pointerdown", event => {
    track.setPointerCapture(event.pointerId)
    track.focus()
    player.go(at(event))
  })

  track.addEventListener("pointermove", event => {
    const frame = at(event)
    if (track.hasPointerCapture(event.pointerId)) player.go(frame)
    if (!sheet || event.pointerType === "touch") return
    const later = sheet.frames.findIndex(shown => shown > frame)
    const tile = (later < 0 ? sheet.frames.length : later) - 1
    const [width, height] = sheet.tile
    thumb.hidden = false
    Object.assign(thumb.style, {
      left: `${share(frame)}%`,
      width: `${width}px`,
      height: `${height}px`,
      backgroundImage: `url("${sheet.src}")`,
      backgroundPosition: `${-(tile % sheet.columns) * width}px ${-Math.floor(tile / sheet.columns) * height}px`,
    })
    thumb.firstElementChild.textContent = player.timecode(frame)
  })
  track.addEventListener("pointerleave", () => (thumb.hidden = true))
}
