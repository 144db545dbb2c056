// A filter form sends itself when something is chosen; its button stays for those without JavaScript. htmx does the
// swapping where the form has hx-get; elsewhere the page is loaded anew with the same address.
for (const form of document.querySelectorAll("form[data-auto]")) {
  const button = form.querySelector("[data-no-js]");
  if (button) button.hidden = true;
  form.addEventListener("change", (event) => {
    if (!event.target.matches("input[type=search], input[type=text]")) form.requestSubmit();
  });
}
