// A reference image is uploaded as soon as it is chosen, so that preflight never carries the file along.
for (const input of document.querySelectorAll("input[data-upload]")) {
  const form = input.form
  const said = form.querySelector("[data-upload-said]")

  input.addEventListener("change", async () => {
    const [file] = input.files
    if (!file) return
    said.textContent = `Uploading ${file.name}…`
    const body = new FormData()
    body.set("file", file)
    const answer = await fetch(input.dataset.upload, {
      method: "POST",
      body,
      headers: { Accept: "application/json", "X-CSRFToken": form.elements.csrfmiddlewaretoken.value },
    }).catch(() => null)
    const told = answer && (await answer.json().catch(() => null))
    if (!answer?.ok) {
      said.textContent = told?.message ?? "The image did not arrive. Choose it again, or send the form: it goes along."
      return
    }
    const list = form.elements.reference
    if (![...list.options].some(option => option.value === told.id)) list.add(new Option(told.name, told.id))
    list.value = told.id
    input.value = ""
    said.textContent = `${told.name} is chosen.`
    list.dispatchEvent(new Event("change", { bubbles: true }))
  })
}
