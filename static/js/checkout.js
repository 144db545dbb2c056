// The total and the fields of the address follow the way that is chosen; without this the page says each way's fee.
const form = document.querySelector("[data-checkout]");
if (form) {
  const fee = document.querySelector("[data-fee-shown]");
  const total = document.querySelector("[data-total-shown]");
  const address = form.querySelector("[data-when-brought]");
  const show = () => {
    const chosen = form.querySelector('input[name="way"]:checked');
    if (!chosen) return;
    fee.textContent = chosen.dataset.fee;
    total.textContent = chosen.dataset.total;
    address.hidden = !("brought" in chosen.dataset);
  };
  form.addEventListener("change", show);
  show();
}
