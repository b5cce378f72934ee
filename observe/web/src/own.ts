// The runtime's own tables, of a live program: asked for every second while
// somebody shows them.

import { useEffect } from "preact/hooks";
import { signal } from "@preact/signals";
import { get } from "./source.ts";
import { recording } from "./state.ts";
import { isLive } from "./transport.tsx";

export interface Site {
  func: string;
  file: string;
  line: number;
}

export const place = (x?: Site) => (x?.file ? `${x.file.replace(/.*\//, "")}:${x.line}` : "");

export interface State {
  t: number;
  source: string;
  sched: {
    runq: number[];
    runqsize: number;
    midle: number[];
    pidle: number[];
    nmspinning?: number;
    gfree?: number;
    stkfree?: number;
    stacks?: number;
    step: string;
  };
  allm: { id: number; p: number | null; g: number; state: string; g0?: string }[];
  allp: {
    id: number;
    m: number | null;
    status: string;
    g: number;
    runnext: number;
    runq: number[];
    runqsize: number;
    schedtick?: number;
    timers?: number;
    gfree?: number; // -1: not known at the moment
    stkfree?: number;
    next_timer?: number;
  }[];
  allgs: {
    id: number;
    status: string;
    entry: string;
    reason: string;
    object: { name: string } | null;
    holder: number;
    at?: Site;
    since: number;
  }[];
  more: number;
  netpoll: {
    fd: number;
    readers: number[];
    writers: number[];
    slot?: number;
    gen?: number;
    outside?: number;
    deadline?: [number, number];
  }[];
}

const real = signal<State | null>(null);

// useTables returns them, null if there are none: the recording is a file, or of
// a program in another process.
export function useTables(): State | null {
  const live = isLive();
  useEffect(() => {
    real.value = null;
    if (!live) return;
    let stop = false,
      timer = 0;
    const ask = () =>
      get<State>(`api/state?id=${encodeURIComponent(recording.value)}`)
        .then(
          (x) => {
            if (!stop) real.value = x;
          },
          () => {},
        )
        .then(() => {
          if (!stop) timer = window.setTimeout(ask, 1000);
        });
    ask();
    return () => {
      stop = true;
      clearTimeout(timer);
    };
  }, [live, recording.value]);
  return live && real.value?.source === "tables" ? real.value : null;
}
