// What every page has: toasts that can be closed, popovers that close when you look elsewhere, buttons that copy,
// passkeys where the browser knows them.

for (const button of document.querySelectorAll("[data-close]")) button.hidden = false;

document.addEventListener("click", (event) => event.target.closest("[data-close]")?.closest("li").remove());

export function toast(text, level = "error") {
  const item = Object.assign(document.createElement("li"), { className: `toast ${level}` });
  item.append(Object.assign(document.createElement("span"), { textContent: text }));
  const close = Object.assign(document.createElement("button"), { className: "button quiet small", type: "button", textContent: "✕" });
  close.dataset.close = "";
  close.setAttribute("aria-label", "Close this message");
  item.append(close);
  document.getElementById("toasts").append(item);
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

if (window.PublicKeyCredential) for (const button of document.querySelectorAll("[data-passkey]")) button.hidden = false;

// allauth tells of a passkey that was not used (the prompt closed, none found) by this event.
document.addEventListener("allauth.error", (event) => {
  event.preventDefault();
  toast("No passkey was used. Try again, or take another way.");
});

// <select data-submit> sends its form when it changes; its form keeps a button for those without this script.
document.addEventListener("change", (event) => {
  if (event.target.matches("select[data-submit]")) event.target.form.requestSubmit();
});
for (const button of document.querySelectorAll("[data-without-script]")) button.hidden = true;
