// Puts what takes-live.js hears onto the page: a new card whole, a step of progress into the card that is there.
const find = (section, id) => section.querySelector(`[data-take="${CSS.escape(id)}"]`)

const built = html => {
  const template = document.createElement("template")
  template.innerHTML = html
  return template.content.firstElementChild
}

for (const section of document.querySelectorAll("[data-live]")) {
  section.addEventListener("take:progress", ({ detail }) => {
    const card = find(section, detail.id)
    if (!card) return
    for (const [name, text] of Object.entries({ title: detail.title, detail: detail.detail })) {
      const place = card.querySelector(`[data-${name}]`)
      if (place && place.textContent !== text) place.textContent = text
    }
    const bar = card.querySelector("progress")
    if (bar && detail.percent !== null) bar.value = detail.percent
    const picture = card.querySelector("[data-preview]")
    if (picture && detail.preview && picture.getAttribute("src") !== detail.preview) {
      picture.src = detail.preview
      picture.hidden = false
    }
  })

  section.addEventListener("take:card", ({ detail }) => {
    const old = find(section, detail.id)
    if (old?.dataset.state === detail.state) return
    if ("liveTake" in section.dataset) {
      // The page of one take is built around its state: when that changes, the page is another one.
      if (old) location.reload()
      return
    }
    if (!old && "liveOlder" in section.dataset) return
    const card = built(detail.html)
    const held = old?.contains(document.activeElement)
    if (old) old.replaceWith(card)
    else {
      card.dataset.new = ""
      section.querySelector("[data-empty]")?.remove()
      section.querySelector("[data-takes]").prepend(card)
    }
    if (held) card.querySelector("a").focus()
    if (detail.said) section.querySelector("[data-said]").textContent = detail.said
  })

  section.addEventListener("take:credits", ({ detail }) => {
    document.querySelector("[data-purse]")?.replaceWith(built(detail.html))
  })
}
