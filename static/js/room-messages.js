// Notes beside the picture. They are drawn as text, never as HTML; what was not sent stays in the field.
export class Notes {
  #list;
  #words;
  #otherName;

  constructor(root, line, words, otherName) {
    this.#list = root.querySelector("[data-lines]");
    this.#words = words;
    this.#otherName = otherName;
    const form = root.querySelector("[data-write]");
    const field = form.querySelector("textarea");
    const error = root.querySelector("[data-write-error]");
    const complain = (sentence) => {
      error.textContent = sentence;
      error.hidden = !sentence;
    };
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const text = field.value;
      if (!text.trim() || form.getAttribute("aria-busy") === "true") return;
      form.setAttribute("aria-busy", "true");
      try {
        const response = await line.post(form.action, { text });
        const answer = await response.json();
        if (response.ok) {
          if (field.value === text) field.value = "";
          this.add(answer.messages);
        }
        complain(response.ok ? "" : answer.error);
      } catch {
        complain(words.notSent);
      }
      form.removeAttribute("aria-busy");
      field.focus();
    });
    field.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      form.requestSubmit();
    });
    this.#toEnd();
  }

  add(messages) {
    for (const message of messages) {
      if (this.#list.querySelector(`[data-id="${CSS.escape(message.id)}"]`)) continue;
      const line = document.createElement("li");
      line.dataset.id = message.id;
      line.classList.toggle("mine", message.mine);
      const who = document.createElement("p");
      who.className = "small muted";
      who.textContent = `${message.mine ? this.#words.you : this.#otherName} · ${message.at}`;
      const text = document.createElement("p");
      text.className = "prewrap";
      text.textContent = message.text;
      line.append(who, text);
      this.#list.append(line);
      this.#toEnd();
    }
  }

  #toEnd() {
    this.#list.scrollTop = this.#list.scrollHeight;
  }
}
