"""What benchmarks.editor asks of the page: a script in it that takes times at its own frames."""

import json
from typing import Any

from playwright.sync_api import Page

# `painted` tells the time just after the next frame was drawn: the message waits behind the frame's own work.
SCRIPT = """
window.bench = (() => {
  const channel = new MessageChannel()
  const waiting = []
  channel.port1.onmessage = () => { for (const tell of waiting.splice(0)) tell(performance.now()) }
  const painted = () => new Promise((tell) => requestAnimationFrame(() => { waiting.push(tell); channel.port2.postMessage(0) }))
  let inputs, first, frames, beats, shown
  const input = (event) => {
    if (first === undefined) first = event.timeStamp
    if (inputs) { const all = inputs; painted().then((now) => all.push({ kind: event.type, ms: now - event.timeStamp })) }
  }
  for (const kind of ['pointerdown', 'pointermove', 'pointerup']) addEventListener(kind, input, { capture: true })
  const slow = new Map()
  new PerformanceObserver((list) => { for (const one of list.getEntries()) slow.set(one.startTime, [one.name, one.duration]) })
    .observe({ type: 'event', durationThreshold: 16 })
  const look = (test, name) => document.querySelector(`[data-testid=${test}]`)?.getAttribute(name)
  const tick = (now) => {
    if (!frames) return
    frames.push([now, look('section-viewer', 'data-centre-x-um')])
    requestAnimationFrame(tick)
  }
  const beat = (last) => setTimeout(() => {
    if (!beats) return
    beats.push(performance.now() - last)
    beat(performance.now())
  }, 4)
  return {
    takeInputs() { inputs = []; slow.clear() },
    inputs() { const all = inputs; inputs = undefined; return { all, slow: [...slow.values()] } },
    takeFrames() { frames = []; requestAnimationFrame(tick) },
    frames() { const all = frames; frames = undefined; return all },
    takeBeats() { beats = []; beat(performance.now()) },
    longestBeat() { const all = beats; beats = undefined; return Math.max(...all) - 4 },
    // From the next input to the first frame at which the condition, an expression, holds.
    await(condition) {
      first = undefined
      const holds = new Function('look', `return ${condition}`)
      shown = new Promise((tell) => {
        const watcher = new MutationObserver(async () => {
          if (first === undefined || !holds(look)) return
          watcher.disconnect()
          tell(await painted() - first)
        })
        watcher.observe(document, { subtree: true, childList: true, attributes: true, characterData: true })
      })
    },
    shown: () => shown,
  }
})()
"""


TRACED = ["devtools.timeline", "disabled-by-default-devtools.timeline"]
MAIN_THREAD = "CrRendererMain"


def longest_task_ms(trace: bytes) -> float:
    """Processor time of the longest task of a page's main thread, in a trace of the browser."""
    events = json.loads(trace)["traceEvents"]
    place = ("pid", "tid")
    main = {
        tuple(event[name] for name in place)
        for event in events
        if event["name"] == "thread_name" and event["args"]["name"] == MAIN_THREAD
    }
    tasks = (event for event in events if event["name"] == "RunTask" and tuple(event[name] for name in place) in main)
    return max(float(task.get("tdur", 0.0)) for task in tasks) / 1000


def install(page: Page) -> None:
    """From the next address on."""
    page.add_init_script(SCRIPT)


def tell(page: Page, what: str, argument: str = "") -> Any:  # noqa: ANN401 - whatever the script has
    """One word to the script in the page."""
    return page.evaluate(f"argument => bench.{what}(argument)", argument)
