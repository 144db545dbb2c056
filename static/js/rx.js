// Writing a prescription: lines come and go without asking the server, and the medicine search asks it while one types.
// Without this file the same buttons send the form, and the list of suggestions is the whole formulary.
const form = document.querySelector("[data-rx]");

if (form) {
  const lines = form.querySelector("[data-lines]");
  const add = form.querySelector("[data-add]");
  const empty = form.querySelector("[data-empty]");
  const options = form.querySelector("#medicines");
  const most = Number(form.dataset.most);

  const count = () => lines.querySelectorAll("[data-line]").length;
  const freeNumber = () => {
    for (let n = 0; n < most; n++) if (!form.elements[`line-${n}-name`]) return n;
    return -1;
  };

  const addLine = () => {
    const number = freeNumber();
    if (number < 0) return;
    lines.insertAdjacentHTML("beforeend", empty.innerHTML.replaceAll("__n__", number));
    form.elements[`line-${number}-name`].focus();
    if (add) add.hidden = count() >= most;
  };

  form.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.value === "add") {
      event.preventDefault();
      addLine();
    } else if (button.matches("[data-drop]")) {
      event.preventDefault();
      const line = button.closest("[data-line]");
      if (count() > 1) {
        const near = line.nextElementSibling || line.previousElementSibling;
        line.remove();
        near.querySelector("input").focus();
      } else {
        for (const input of line.querySelectorAll("input")) input.value = "";
      }
      if (add) add.hidden = false;
    }
  });

  let asked = 0;
  let timer;
  form.addEventListener("input", (event) => {
    const words = event.target.matches("[data-medicine]") ? event.target.value.trim() : "";
    if (words.length < 2 || [...options.options].some((option) => option.value === event.target.value)) return;
    clearTimeout(timer);
    timer = setTimeout(async () => {
      const turn = ++asked;
      try {
        const answer = await fetch(`${form.dataset.search}?${new URLSearchParams({ q: words })}`, { headers: { Accept: "application/json" } });
        if (!answer.ok || turn !== asked) return;
        const { found } = await answer.json();
        options.replaceChildren(...found.map(({ label, hint }) => new Option(hint, label)));
      } catch {
        // Offline: what is in the list already still helps, and any text may be written.
      }
    }, 150);
  });
}
