// The player: the frame on the screen is the truth, and everything else (timecode, slider, range) follows it.
// A paused seek may show another frame than the clock says, so each frame is painted when the browser hands it over
// (requestVideoFrameCallback) and its number is read from the frame's own time. Seeks aim at the middle of a frame.
class Player {
  constructor(root) {
    this.root = root
    this.video = root.querySelector("video")
    this.canvas = root.querySelector("canvas")
    this.picture = this.canvas.getContext("2d")
    this.fps = Number(root.dataset.fpsNum) / Number(root.dataset.fpsDen)
    this.frames = Number(root.dataset.frames)
    this.frame = 0
    this.wanted = null
    this.tries = 0
    this.loops = true
    this.range = { start: 0, end: this.frames - 1 }
    this.video.controls = false
    // A browser may call a paused seek to the last frame the end as well: only a clip that plays turns there.
    this.runs = false
    this.video.addEventListener("ended", () => this.runs && this.turn())
    for (const change of ["play", "pause"]) this.video.addEventListener(change, () => this.tell())
    // A seek within the frame on the screen paints nothing new.
    this.video.addEventListener("seeked", () => this.wanted === this.frame && this.arrive())
    this.watch()
    if (this.video.readyState >= 1) this.go(0)
    else this.video.addEventListener("loadedmetadata", () => this.go(0), { once: true })
  }

  get playing() {
    return !this.video.paused && !this.video.ended
  }

  watch() {
    this.video.requestVideoFrameCallback((now, shown) => {
      this.paint(shown)
      this.watch()
    })
  }

  paint(shown) {
    const frame = this.clamp(Math.round(shown.mediaTime * this.fps))
    this.picture.drawImage(this.video, 0, 0, this.canvas.width, this.canvas.height)
    this.canvas.hidden = false
    this.frame = frame
    if (this.wanted !== null && frame !== this.wanted && this.tries++ < 2) {
      this.seek(this.wanted + 0.1 * this.tries)
      return
    }
    if (this.playing && frame >= this.range.end && this.range.end < this.frames - 1) this.turn()
    this.arrive()
  }

  arrive() {
    this.wanted = null
    this.tell()
  }

  /** At the end of the range: from its start again, or stop there. */
  turn() {
    if (!this.loops) return this.stop()
    this.seek(this.range.start)
    this.video.play()
  }

  toggle() {
    if (this.playing) return this.stop()
    this.runs = true
    if (this.frame >= this.range.end || this.frame < this.range.start) this.seek(this.range.start)
    return this.video.play()
  }

  stop() {
    this.runs = false
    this.video.pause()
  }

  step(by) {
    this.go((this.wanted ?? this.frame) + by)
  }

  /** Show frame n, paused. */
  go(n) {
    this.stop()
    this.wanted = this.clamp(n)
    this.tries = 0
    this.seek(this.wanted)
  }

  seek(n) {
    this.video.currentTime = (n + 0.5) / this.fps
  }

  mark(edge) {
    const other = edge === "start" ? "end" : "start"
    const full = { start: 0, end: this.frames - 1 }
    this.range[edge] = this.frame
    if (this.range.start >= this.range.end) this.range[other] = full[other]
    this.tell()
  }

  unmark() {
    this.range = { start: 0, end: this.frames - 1 }
    this.tell()
  }

  clamp(n) {
    return Math.max(0, Math.min(this.frames - 1, n))
  }

  /** 43 at 16 frames a second is 00:02:11, two seconds and eleven frames. */
  timecode(frame = this.frame) {
    const base = Math.round(this.fps)
    const seconds = Math.floor(frame / base)
    return [Math.floor(seconds / 60), seconds % 60, frame % base].map(part => String(part).padStart(2, "0")).join(":")
  }

  tell() {
    this.root.dispatchEvent(new CustomEvent("frame"))
  }
}

for (const root of document.querySelectorAll("[data-player]")) {
  // Where the browser cannot say which frame it shows, its own controls stay.
  if (!("requestVideoFrameCallback" in HTMLVideoElement.prototype)) continue
  root.player = new Player(root)
  for (const part of root.querySelectorAll("[data-needs-player]")) part.hidden = false
}
