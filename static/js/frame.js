// What every page has: toasts that can be closed, popovers that close when you look elsewhere, buttons that copy.

for (const button of document.querySelectorAll("[data-close]")) {
  button.hidden = false;
  button.addEventListener("click", () => button.closest("li").remove());
}

const popovers = () => document.querySelectorAll("details[data-popover][open]");

document.addEventListener("click", (event) => {
  for (const popover of popovers()) if (!popover.contains(event.target)) popover.open = false;
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const popover of popovers()) {
    popover.open = false;
    popover.querySelector("summary").focus();
  }
});

// <button data-copy="id-of-the-text" hidden>: shown only where the browser can copy.
for (const button of document.querySelectorAll("[data-copy]")) {
  if (!navigator.clipboard) continue;
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent.trim());
    button.textContent = "Copied";
  });
}
