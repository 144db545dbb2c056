// Passkeys: the forms are shown where the browser knows them; what goes wrong is said on the page.
const able = Boolean(window.PublicKeyCredential && navigator.credentials);
for (const form of document.querySelectorAll("[data-passkey]")) form.hidden = !able;
for (const note of document.querySelectorAll("[data-passkey-unable]")) note.hidden = able;

const tell = (failed) => {
  for (const note of document.querySelectorAll("[data-passkey-failed]")) note.hidden = !failed;
};
// allauth's script tells of a failure by this event, and writes it to the console unless somebody takes it.
document.addEventListener("allauth.error", (event) => {
  event.preventDefault();
  tell(true);
});
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-passkey] button")) tell(false);
});
