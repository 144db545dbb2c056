// The way to pay was chosen a page ago: [data-start] is sent at once, and the address no longer asks for it, so that
// coming back does not send it again.
const form = document.querySelector("form[data-start]");
history.replaceState(null, "", location.pathname);
if (form) {
  form.requestSubmit(form.querySelector("button"));
  if (!form.checkValidity()) form.reportValidity();
}
