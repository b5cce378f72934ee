// An event in a sentence, in the words of weft trace -text (trace/text.go), and
// in Chinese. A test compares the English with what the command prints.

import {
  ByCoroutine,
  BySysmon,
  KArgs,
  KBlock,
  KBoot,
  KChoose,
  KCreate,
  KDeadlock,
  KEntry,
  KExit,
  KFdClose,
  KFdOpen,
  KFork,
  KForkSteal,
  KGCStop,
  KGlobGet,
  KGoArg,
  KGoEntry,
  KHandoff,
  KInitTask,
  KLost,
  KMInit,
  KMSpin,
  KMStart,
  KMStop,
  KNetpoll,
  KOSInit,
  KOverflow,
  KPAcquire,
  KPIdle,
  KPInit,
  KPanic,
  KPark,
  KPreempt,
  KProcs,
  KReady,
  KRetake,
  KServed,
  KStack,
  KStart,
  KState,
  KSteal,
  KSyscall,
  KSysret,
  KTimer,
  KUnblock,
  KYield,
  QLocal,
  QNext,
  QNone,
  StepCount,
  kindName,
} from "./kinds.ts";
import { Waiting } from "./machine.ts";
import type { Store } from "./store.ts";
import { goDuration as dur } from "./format.ts";

export type Lang = "en" | "zh";
type Ev = ReturnType<Store["event"]>;

// where returns who made the decision, as "[m0 p0 g1]".
export function where(e: Ev): string {
  if (e.kind === KEntry) return "[kernel]";
  if (e.m >= 0 && (e.kind === KRetake || e.kind === KPreempt)) return `[m${e.m} sysmon]`;
  if (e.m < 0 && e.g === 0) {
    if (e.p >= 0) return `[p${e.p}]`;
    if (e.kind === KRetake || (e.kind === KReady && e.c === BySysmon)) return "[sysmon]";
    if (e.kind === KBoot || e.kind === KProcs || e.kind === KDeadlock || e.kind === KState) return "[runtime]";
    return "[outside]";
  }
  const g = e.kind === KStart ? 0 : e.g;
  return `[${e.m >= 0 ? `m${e.m} ` : ""}${e.p >= 0 ? `p${e.p} ` : ""}g${g}]`;
}

export function narrate(s: Store, e: Ev, lang: Lang): string {
  return lang === "zh" ? new Chinese(s, e).say() : new English(s, e).say();
}

const space = (s: string) => (s ? " " + s : "");
const parens = (s: string) => (s ? ` (${s})` : "");

const maxLeft = 8; // of those that are named

// Narrator has what the languages share.
abstract class Narrator {
  constructor(
    protected s: Store,
    protected e: Ev,
  ) {}
  abstract say(): string;

  protected queueName(q: number): string {
    return this.s.tables.queues[q] ?? "unknown queue";
  }
  protected reason(): string {
    return this.s.tables.reasons[this.e.sub] ?? "unknown reason";
  }
  protected cause(): string {
    return this.s.tables.causes[this.e.c] ?? "unknown cause";
  }
  protected step(): string {
    return this.s.tables.steps[this.e.sub] ?? "unknown step";
  }
  protected site(pc: number): string {
    return parens(this.s.pos(pc));
  }

  protected to(): string {
    const q = this.e.sub;
    if (q === QNone) return "";
    if (this.e.p >= 0 && (q === QNext || q === QLocal)) return ` → p${this.e.p}.${this.queueName(q)}`;
    return " → " + this.queueName(q);
  }

  protected exits(): boolean {
    return this.s.tables.steps[this.e.sub] === "exit" && this.e.b > 0;
  }

  // left tells which coroutines are still there when the process exits.
  protected left(otherwise: string): string {
    const { e, s } = this;
    if (!this.exits()) return "";
    const all = [...s.at(e.i).gs.values()].filter((g) => g.id !== e.g && s.info.has(g.id)).sort((a, b) => a.id - b.id);
    const who = all.slice(0, maxLeft).map((g) => {
      const why = g.status === Waiting ? `${s.tables.reasons[g.reason]}${space(s.waitName(g.reason, g.obj, dur))}` : otherwise;
      return `g${g.id} ${s.gFunc(g.id)} (${why})`;
    });
    return who.concat(all.length > maxLeft ? ["…"] : []).join(", ");
  }

  // The particulars of Go's own runtime.
  protected whose(): string {
    return this.e.a === 0 ? `m${this.e.m}.g0` : `g${this.e.a}`;
  }
  protected words(): string {
    return [this.e.b, this.e.c]
      .slice(0, Math.min(this.e.sub, 2))
      .map(hex)
      .concat(this.e.sub > 2 ? ["…"] : [])
      .join(", ");
  }
  protected initialised(): string {
    const name = this.s.syms.get(this.e.a)?.func ?? "",
      slash = name.lastIndexOf("/") + 1,
      dot = name.indexOf(".", slash);
    return dot >= 0 ? name.slice(0, dot) : name;
  }

  // parkedOn names what the G of a park waits for.
  protected parkedOn(e: Ev): string {
    const name = this.s.waitName(e.sub, e.a, dur);
    return name.includes("#") ? this.s.objectName(e.a, e.i) : name;
  }

  // waited names what the G that was readied had waited for.
  protected waited(): string {
    const { e, s } = this;
    if (s.has(e.link)) {
      const before = s.event(e.link);
      if (before.kind === KPark) return this.parkedOn(before);
    }
    return s.objectName(e.b, e.i);
  }
}

const hex = (x: number) => "0x" + x.toString(16);

const count = (n: number, what: string) => `${n} ${what}${n === 1 ? "" : "s"}`;

class English extends Narrator {
  say(): string {
    const { e, s } = this;
    switch (e.kind) {
      case KBoot: {
        const left = this.left("runnable or running");
        return `step ${e.sub + 1} of ${StepCount}: ${this.step()}${this.exits() ? `, status ${e.a}` : ""}${left && `; still there: ${left}`}`;
      }
      case KProcs:
        return `procresize: ${e.a} → ${count(e.b, "P")}`;
      case KCreate:
        return `newproc g${e.a}${space(s.func(e.b))}${this.to()}${this.site(e.c)}`;
      case KStart: {
        const how = [e.a === 1 ? "fresh" : "", this.from()].filter(Boolean).join(", ");
        return `execute g${e.g}${parens(how)}`;
      }
      case KPark:
        return `gopark: ${this.reason()}${space(this.parkedOn(e))}${this.site(e.b)}`;
      case KReady: {
        const on = this.waited();
        const by = e.c === ByCoroutine ? "" : ` (by ${this.cause()})`;
        return `goready g${e.a}${this.to()}${on ? `, parked on ${on}` : ""}${by}`;
      }
      case KYield:
        return `yield${this.to()}${e.a === 1 ? ", because it was asked to" : ""}`;
      case KExit:
        return "goexit";
      case KBlock:
        return "native call: the P goes on without it";
      case KUnblock:
        return e.a === 1 ? "back from the native call, on a P at once" : "back from the native call, no P is free → global runq";
      case KSteal:
        return `steal ${e.b} from p${e.a}, run g${e.c}`;
      case KOverflow:
        return `runqputslow: p${e.p}.runq is full, move ${count(e.a, "G")} → global runq`;
      case KGlobGet:
        return `globrunqget: take ${count(e.a, "G")} from the global runq`;
    }
    return this.sayMP();
  }

  private sayMP(): string {
    const { e } = this;
    switch (e.kind) {
      case KMStart:
        return `startm: ${e.sub === 1 ? "new" : "wake"} m${e.a}${e.b >= 0 ? ` for p${e.b}` : ""}`;
      case KMStop:
        return `stopm: m${e.m} has no work and sleeps`;
      case KMSpin:
        return e.sub === 1 ? `m${e.m} spins, looking for work` : `m${e.m} stops spinning`;
      case KPAcquire:
        return `acquirep p${e.p}`;
      case KPIdle:
        return `pidleput p${e.p}`;
      case KHandoff:
        return `handoffp p${e.a}, m${e.b} goes on without it`;
      case KRetake:
        return `retake p${e.a} from m${e.b}: in ${e.sub === 1 ? `a system call for ${dur(e.c)} or more` : `user mode for ${dur(e.c)}`}`;
      case KNetpoll:
        return `netpoll: ${count(e.a, "G")} ready, ${e.sub === 1 ? `after ${dur(e.b)}` : "without waiting"}`;
      case KTimer:
        return `timer due at +${dur(e.a)} fires ${dur(e.b)} late`;
      case KFork:
        return "fork a child";
      case KForkSteal:
        return `run a child that g${e.a} forked on p${e.b}`;
      case KFdOpen:
        return `open fd ${e.a}`;
      case KFdClose:
        return `close fd ${e.a}`;
      case KPanic:
        return `panic in g${e.g}, not recovered`;
      case KDeadlock:
        return `deadlock: ${count(e.a, "coroutine")} parked for ever`;
      case KLost:
        return `${count(e.a, "event")} lost here: the ring was full`;
      case KState:
        return `how things stand, in ${count(e.a, "event")}`;
    }
    return this.sayGo();
  }

  private sayGo(): string {
    const { e, s } = this;
    switch (e.kind) {
      case KEntry:
        return `the executable's entry point is ${hex(e.a)}${parens(s.func(e.a))}`;
      case KArgs:
        return `args: argc ${e.a}, argv at ${hex(e.b)}`;
      case KOSInit:
        return `osinit: ${count(e.a, "processor")}, ${e.b} bytes a page`;
      case KMInit:
        return `m${e.m} is at ${hex(e.a)}, its g0 at ${hex(e.b)}`;
      case KPInit:
        return `p${e.p} is at ${hex(e.a)}`;
      case KStack:
        return `${this.whose()}: stack from ${hex(e.b)} to ${hex(e.c)}, ${e.c - e.b} bytes`;
      case KGoEntry:
        return `g${e.a}: its function will return into ${s.func(e.b)} (${hex(e.b + 1)}); closure at ${hex(e.c)}`;
      case KGoArg:
        return `g${e.a}: copied at the go statement: ${this.words()}`;
      case KInitTask:
        return `initialise package ${this.initialised()}`;
      case KSyscall:
        return `enter a system call${this.site(e.a)}`;
      case KSysret:
        return e.a === 1 ? `back from the system call, on p${e.p}` : "back from the system call, no P is free → global runq";
      case KPreempt:
        return `preemptone: who is on p${e.a} ${e.b ? `has run for ${dur(e.b)} and ` : ""}is asked to stop`;
      case KGCStop:
        return `gcstopm: m${e.m} gives its P up, the world is to stop`;
      case KServed:
        return `served so far: ${count(e.a, "request")}, on ${count(e.b, "connection")}`;
      case KChoose:
        return `decision ${e.a}: of ${e.c}, ${e.b ? `g${e.b}` : "time"} goes on${e.sub ? ", which is not the default" : ""}`;
    }
    return `${kindName(e.kind, s.tables)} ${[e.a, e.b, e.c].join(" ")}`;
  }

  private from(): string {
    const q = this.e.sub,
      named = [
        "",
        `from p${this.e.p}.${this.queueName(q)}`,
        `from p${this.e.p}.${this.queueName(q)}`,
        "from the global runq",
        "",
        "from netpoll",
        "on the same stack",
        "from a timer",
      ];
    return named[q] || this.queueName(q);
  }
}

class Chinese extends Narrator {
  protected reason(): string {
    return this.s.tables.zh?.reasons[this.e.sub] || super.reason();
  }
  protected cause(): string {
    return this.s.tables.zh?.causes[this.e.c] || super.cause();
  }
  protected step(): string {
    return this.s.tables.zh?.steps[this.e.sub] || super.step();
  }

  say(): string {
    const { e, s } = this;
    switch (e.kind) {
      case KBoot: {
        const left = this.left("可运行或运行中");
        return `第 ${e.sub + 1} 步，共 ${StepCount} 步：${this.step()}${this.exits() ? `，状态 ${e.a}` : ""}${left && `；仍然存在：${left}`}`;
      }
      case KProcs:
        return `procresize：P 的数量 ${e.a} → ${e.b}`;
      case KCreate:
        return `newproc 创建 g${e.a}${space(s.func(e.b))}${this.to()}${this.site(e.c)}`;
      case KStart: {
        const how = [e.a === 1 ? "全新" : "", this.from()].filter(Boolean).join(",");
        return `execute 运行 g${e.g}${parens(how)}`;
      }
      case KPark:
        return `gopark 挂起：${this.reason()}${space(this.parkedOn(e))}${this.site(e.b)}`;
      case KReady: {
        const on = this.waited();
        const by = e.c === ByCoroutine ? "" : `(由 ${this.cause()} 唤醒)`;
        return `goready 唤醒 g${e.a}${this.to()}${on ? `，它原先等待 ${on}` : ""}${by}`;
      }
      case KYield:
        return `yield ${e.a === 1 ? "应要求让出" : "让出"}${this.to()}`;
      case KExit:
        return "goexit 结束";
      case KBlock:
        return "进入原生调用：P 交给别人继续";
      case KUnblock:
        return e.a === 1 ? "原生调用返回，立即拿到 P" : "原生调用返回，没有空闲的 P → 全局队列";
      case KSteal:
        return `从 p${e.a} 窃取 ${e.b} 个 G，先运行 g${e.c}`;
      case KOverflow:
        return `runqputslow：p${e.p} 的本地队列已满，${e.a} 个 G 移到全局队列`;
      case KGlobGet:
        return `globrunqget：从全局队列取 ${e.a} 个 G`;
    }
    return this.sayMP();
  }

  private sayMP(): string {
    const { e } = this;
    switch (e.kind) {
      case KMStart:
        return `startm：${e.sub === 1 ? "新建" : "唤醒"} m${e.a}${e.b >= 0 ? `，交给它 p${e.b}` : ""}`;
      case KMStop:
        return `stopm：m${e.m} 没有活可干，睡眠`;
      case KMSpin:
        return e.sub === 1 ? `m${e.m} 自旋，寻找工作` : `m${e.m} 停止自旋`;
      case KPAcquire:
        return `acquirep 绑定 p${e.p}`;
      case KPIdle:
        return `pidleput:p${e.p} 进入空闲列表`;
      case KHandoff:
        return `handoffp：交出 p${e.a}，m${e.b} 不带 P 继续`;
      case KRetake:
        return `retake：从 m${e.b} 收回 p${e.a}，它已在${e.sub === 1 ? "系统调用" : "用户代码"}中停留 ${dur(e.c)}`;
      case KNetpoll:
        return `netpoll：${e.a} 个 G 就绪，${e.sub === 1 ? `等待了 ${dur(e.b)}` : "没有等待"}`;
      case KTimer:
        return `定时器(预定 +${dur(e.a)})触发，晚了 ${dur(e.b)}`;
      case KFork:
        return "分叉出一个子任务";
      case KForkSteal:
        return `运行 g${e.a} 在 p${e.b} 上分叉的子任务`;
      case KFdOpen:
        return `打开 fd ${e.a}`;
      case KFdClose:
        return `关闭 fd ${e.a}`;
      case KPanic:
        return `g${e.g} 发生 panic，没有被 recover`;
      case KDeadlock:
        return `死锁：${e.a} 个协程永远等待`;
      case KLost:
        return `这里丢失了 ${e.a} 个事件：环形缓冲区已满`;
      case KState:
        return `此刻的状态：${e.a} 个事件`;
    }
    return this.sayGo();
  }

  private sayGo(): string {
    const { e, s } = this;
    switch (e.kind) {
      case KEntry:
        return `可执行文件的入口点是 ${hex(e.a)}${parens(s.func(e.a))}`;
      case KArgs:
        return `args：argc ${e.a},argv 位于 ${hex(e.b)}`;
      case KOSInit:
        return `osinit：${e.a} 个处理器，每页 ${e.b} 字节`;
      case KMInit:
        return `m${e.m} 位于 ${hex(e.a)}，它的 g0 位于 ${hex(e.b)}`;
      case KPInit:
        return `p${e.p} 位于 ${hex(e.a)}`;
      case KStack:
        return `${this.whose()}：栈从 ${hex(e.b)} 到 ${hex(e.c)}，${e.c - e.b} 字节`;
      case KGoEntry:
        return `g${e.a}：其函数将返回到 ${s.func(e.b)}(${hex(e.b + 1)})；闭包位于 ${hex(e.c)}`;
      case KGoArg:
        return `g${e.a}：在 go 语句处复制的参数：${this.words()}`;
      case KInitTask:
        return `初始化包 ${this.initialised()}`;
      case KSyscall:
        return `进入系统调用${this.site(e.a)}`;
      case KSysret:
        return e.a === 1 ? `系统调用返回，在 p${e.p} 上` : "系统调用返回，没有空闲的 P → 全局队列";
      case KPreempt:
        return `preemptone:p${e.a} 上的协程${e.b ? `已运行 ${dur(e.b)},` : ""}被要求停下`;
      case KGCStop:
        return `gcstopm：世界即将停止，m${e.m} 交出它的 P`;
      case KServed:
        return `至今已服务 ${e.a} 个请求，连接 ${e.b} 个`;
      case KChoose:
        return `第 ${e.a} 次选择：${e.c} 个之中，${e.b ? `g${e.b}` : "时间"} 继续${e.sub ? "，不是默认的选择" : ""}`;
    }
    return `${kindName(e.kind, s.tables)} ${[e.a, e.b, e.c].join(" ")}`;
  }

  private from(): string {
    const p = this.e.p,
      named = ["", `来自 p${p}.runnext`, `来自 p${p}.runq`, "来自全局队列", "窃取而来", "来自 netpoll", "在同一个栈上", "来自定时器"];
    return named[this.e.sub] ?? this.queueName(this.e.sub);
  }
}
