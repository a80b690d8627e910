// Sends a form to the API as JSON. The token is what follows # in the address: browsers send that nowhere by themselves
"use strict";

const token = location.hash.slice(1);
const shown = document.querySelector(token ? "[data-with-token]" : "[data-without-token]");
shown.hidden = false;

async function answerTo(form) {
  const fields = Object.fromEntries(new FormData(form));
  const response = await fetch(form.dataset.url, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(form.hasAttribute("data-with-token") ? { ...fields, token } : fields),
  });
  if (response.ok) return form.dataset.done;
  const problem = await response.json();
  return problem.errors?.length ? problem.errors.map((error) => error.detail).join(" ") : problem.detail;
}

shown.addEventListener("submit", async (event) => {
  event.preventDefault();
  const [button, result] = [shown.querySelector("button"), document.querySelector("[role=status]")];
  button.disabled = true;
  try {
    result.textContent = await answerTo(shown);
  } catch {
    result.textContent = "The server did not answer. Please try again.";
  }
  button.disabled = result.textContent === shown.dataset.done;
});
