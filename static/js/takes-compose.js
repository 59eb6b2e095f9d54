// The compose card: words are never lost, a page brought back from the past sends a new key, the knobs fit the model.
for (const form of document.querySelectorAll("form[data-compose]")) {
  const words = form.elements.prompt
  const drawer = `draft:${form.dataset.compose}`
  const sent = `${drawer}:sent`

  const ask = () => words.dispatchEvent(new Event("input", { bubbles: true }))
  const store = (name, value) => {
    try {
      value ? localStorage.setItem(name, value) : localStorage.removeItem(name)
    } catch {} // a browser that keeps nothing still sends
  }
  const stored = name => {
    try {
      return localStorage.getItem(name)
    } catch {
      return null
    }
  }

  // The page after a send that worked has an empty card: only then is the draft done with.
  if (stored(sent) && !words.value && !("refused" in form.dataset)) store(drawer, null)
  store(sent, null)
  if (!words.value && stored(drawer)) {
    words.value = stored(drawer)
    addEventListener("load", ask, { once: true })
  }
  words.addEventListener("input", () => store(drawer, words.value))
  form.addEventListener("submit", () => store(sent, "1"))

  words.addEventListener("keydown", event => {
    if (event.key === "Enter" && (event.metaKey || event.ctrlKey)) form.requestSubmit()
  })

  addEventListener("pageshow", event => {
    if (!event.persisted) return
    const bytes = crypto.getRandomValues(new Uint8Array(16))
    form.elements.key.value = Array.from(bytes, byte => byte.toString(16).padStart(2, "0")).join("")
  })

  // Shape and length are grouped by model; with scripts, only the chosen model's group stays in the list.
  const model = form.elements.model
  const lists = [form.elements.size, form.elements.frames].map(list => ({ list, groups: [...list.querySelectorAll("optgroup")] }))
  const fit = () => {
    for (const { list, groups } of lists) {
      if (!groups.length) continue
      const chosen = list.value
      list.replaceChildren(...groups.filter(group => group.dataset.model === model.value))
      if ([...list.options].some(option => option.value === chosen)) list.value = chosen
    }
  }
  model.addEventListener("change", () => {
    fit()
    ask()
  })
  fit()
}

// A preflight that was turned away (too many at once) still has something to say; one that says the same is not read
// out again.
let before = ""
document.addEventListener("htmx:beforeSwap", event => {
  const { target, xhr } = event.detail
  if (target.id !== "preflight") return
  event.detail.shouldSwap = (xhr.status === 200 || xhr.status === 403 || xhr.status === 429) && xhr.responseText !== before
  before = xhr.responseText
})
