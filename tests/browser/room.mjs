// Two tabs of a real browser: `node room.mjs CHROMIUM PAGE`. They see each other, talk, and follow a table.

import assert from "node:assert/strict";
import puppeteer from "puppeteer-core";

const [executablePath, page] = process.argv.slice(2);
const browser = await puppeteer.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
try {
  const open = async () => {
    const tab = await browser.newPage();
    await tab.goto(page);
    return tab;
  };
  const here = (tab, count) =>
    tab.waitForFunction((n) => document.querySelector("#here").textContent.split(", ").filter(Boolean).length === n, { polling: 50 }, count);
  const says = (tab, text) =>
    tab.waitForFunction((part) => document.querySelector("#lines").textContent.includes(part), { polling: 50 }, text);
  const [one, two] = [await open(), await open()];
  await Promise.all([here(one, 2), here(two, 2)]);
  // Waits poll: a tab in the background draws no frames.
  await one.bringToFront();
  await one.type("#text", "hello, <b>tab</b>");
  await one.keyboard.press("Enter");
  await Promise.all([says(one, "hello, <b>tab</b>"), says(two, "hello, <b>tab</b>")]);
  assert.equal(await two.$("#lines b"), null, "text stays text");
  await one.keyboard.press("Enter");
  await says(one, "not sent: 1 to 500 characters");
  await two.evaluate(() => {
    socket.addEventListener("message", ({ data }) => {
      const frame = JSON.parse(data);
      if (frame.type === "subscribed" && frame.table) line("follows " + frame.table);
      if (frame.type === "change") line(`${frame.op} ${JSON.stringify(frame.record)}`);
    });
    socket.send(JSON.stringify({ type: "subscribe", table: "board" }));
  });
  await says(two, "follows board");
  // What a request of the test's changes is told here.
  console.log("following");
  await says(two, 'insert {"text":"from the table"}');
  await two.close();
  await here(one, 1);
  console.log("ok");
} finally {
  await browser.close();
}
