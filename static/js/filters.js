// A filter form sends itself when something is chosen; its button stays for those without JavaScript. htmx does the
// swapping where the form has hx-get; elsewhere the page is loaded anew with the same address.
for (const form of document.querySelectorAll("form[data-auto]")) {
  const button = form.querySelector("[data-no-js]");
  if (button) button.hidden = true;
  form.addEventListener("change", (event) => {
    if (!event.target.matches("input[type=search], input[type=text]")) form.requestSubmit();
  });
}
// What is not chosen stays out of the address, so that it can be read and shared.
for (const form of document.querySelectorAll("form[role=search]")) {
  form.addEventListener("formdata", (event) => {
    for (const [name, value] of [...event.formData]) if (value === "") event.formData.delete(name);
  });
}
for (const details of document.querySelectorAll("details[data-open-when-wide]")) {
  if (matchMedia("(min-width: 861px)").matches) details.open = true;
}
