// The scrubber under the picture: drag to a frame, hover for a small picture of it, read out only when it rests.
for (const root of document.querySelectorAll("[data-player]")) {
  const { player } = root
  if (!player) continue
  const track = root.querySelector("[data-track]")
  const head = track.querySelector("[data-head]")
  const range = track.querySelector("[data-range]")
  const thumb = track.querySelector("[data-thumb]")
  const sprite = { src: root.dataset.sprite, columns: Number(root.dataset.spriteColumns), width: Number(root.dataset.spriteWidth),
    height: Number(root.dataset.spriteHeight), every: Number(root.dataset.spriteEvery) }

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
    if (!sprite.src || event.pointerType === "touch") return
    const cell = Math.round(frame / sprite.every)
    thumb.hidden = false
    thumb.style.left = `${share(frame)}%`
    thumb.style.width = `${sprite.width}px`
    thumb.style.height = `${sprite.height}px`
    thumb.style.backgroundImage = `url("${sprite.src}")`
    thumb.style.backgroundPosition = `-${(cell % sprite.columns) * sprite.width}px -${Math.floor(cell / sprite.columns) * sprite.height}px`
    thumb.firstElementChild.textContent = player.timecode(frame)
  })
  track.addEventListener("pointerleave", () => (thumb.hidden = true))
}
