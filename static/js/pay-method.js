// The field of the phone number belongs to M-Pesa: it is put away while another way to pay is chosen.
const follow = () => {
  const chosen = document.querySelector('input[name="method"]:checked');
  const phone = document.querySelector('input[name="phone"]');
  if (chosen && phone) phone.closest(".field").hidden = chosen.value !== "mpesa";
};

follow();
document.addEventListener("change", follow);
document.addEventListener("htmx:afterSettle", follow);
