// An operator finds a port-in that waits by a saved view, reads on its page what to send, sends it
// from the UI's dialog, and sees the port-in complete.
//
// The job: `ui`, `view` with name and query, `workflow_id`, the `signal`, the `values` to write in
// place of those that are open, what the page must say before (`before`) and in the end (`after`), and
// optionally `pictures` by name, each with `path` and `height`. The result: what the page said, the
// sample on it, and when the next poll is.
import { details, picture, run, signal } from "./ui.mjs";

await run(async (job, page) => {
  const list = `${job.ui}/namespaces/default/workflows`;
  const pictures = job.pictures ?? {};
  await save(page, list, job.view);

  await page.goto(list);
  await page.getByTestId("saved-views-button").click();
  await page.locator("#workflow-saved-views-menu").getByText(job.view.name).click();
  const row = page.getByRole("link", { name: job.workflow_id, exact: true }).first();
  await row.waitFor();
  await picture(page, pictures.list);

  await row.click();
  const frame = await details(page, job.before);
  const said = await frame.locator("body").innerText();
  const sample = JSON.parse(await frame.locator("pre").first().innerText());
  await picture(page, pictures.details);

  await page.getByText("Pending Activities").first().click();
  const poll = page.getByText(/next (look|poll)/).first();
  await poll.waitFor();
  const next = await poll.innerText();

  await signal(page, job.signal, { ...sample, ...job.values }, pictures.dialog);
  await page.getByText(/^completed$/i).first().waitFor();
  await page.reload();
  await details(page, job.after);
  return { said, sample, next };
});

async function save(page, list, view) {
  await page.goto(`${list}?query=${encodeURIComponent(view.query)}`);
  await page.getByTestId("create-view-button").click();
  const dialog = page.getByRole("dialog", { name: "Save as New View" });
  await dialog.getByTestId("workflow-save-view-modal-input").fill(view.name);
  await dialog.getByTestId("confirm-modal-button").click();
  await dialog.waitFor({ state: "hidden" });
}
