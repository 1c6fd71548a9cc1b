// Shows the values of the point nearest to the pointer, or the one chosen with the arrow keys.
(() => {
  const source = document.getElementById("tips");
  const tips = source ? JSON.parse(source.textContent) : [];
  for (const canvas of document.querySelectorAll(".canvas")) {
    const points = Number(canvas.dataset.points);
    const cursor = Object.assign(document.createElement("div"), { className: "cursor", hidden: true });
    const tip = Object.assign(document.createElement("div"), { className: "tip", hidden: true });
    canvas.append(cursor, tip);
    let current = -1;
    const show = (index) => {
      current = Math.min(points - 1, Math.max(0, index));
      const x = (current + 0.5) / points;
      cursor.hidden = tip.hidden = false;
      cursor.style.left = `${x * 100}%`;
      tip.textContent = tips[current];
      const left = x * canvas.clientWidth;
      const room = canvas.clientWidth - tip.offsetWidth;
      const side = left > canvas.clientWidth / 2 ? left - tip.offsetWidth - 12 : left + 12;
      tip.style.left = `${Math.min(Math.max(side, 0), Math.max(room, 0))}px`;
    };
    const hide = () => { cursor.hidden = tip.hidden = true; current = -1; };
    canvas.addEventListener("pointermove", (event) => {
      const box = canvas.getBoundingClientRect();
      show(Math.floor((event.clientX - box.left) / box.width * points));
    });
    canvas.addEventListener("pointerleave", hide);
    canvas.addEventListener("blur", hide);
    canvas.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (step) { event.preventDefault(); show(current < 0 ? 0 : current + step); }
      if (event.key === "Escape") hide();
    });
  }
})();
