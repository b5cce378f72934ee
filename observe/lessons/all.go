package lessons

import (
	"github.com/weftgo/weft"
	"github.com/weftgo/weft/observe"
	"github.com/weftgo/weft/poll"
	"github.com/weftgo/weft/trace"
)

// all is the lessons, in the order in which to take them.
var all = []lesson{
	{
		id:    "hello",
		title: trace.Words{EN: "Hello, world: from entry to exit", ZH: "hello, world：从入口到退出"},
		summary: trace.Words{EN: "What happens before main, and what becomes of a coroutine that nobody waits for.",
			ZH: "main 之前发生了什么；没人等的协程会怎样。"},
		weft:    func(string) program { return program{always(hello), []weft.Option{weft.Procs(1)}} },
		steps:   func(string) []step { return helloSteps },
		goProcs: "1",
		goSteps: func(string) []step { return helloGoSteps },
	},
	{
		id:      "sleep",
		title:   trace.Words{EN: "Sleep on one P", ZH: "一个 P 上的睡眠"},
		summary: trace.Words{EN: "A sleeper gives its P away, and a timer brings it back.", ZH: "睡眠者让出 P，定时器把它带回来。"},
		weft:    func(string) program { return program{always(sleep), []weft.Option{weft.Procs(1)}} },
		steps:   func(string) []step { return sleepSteps },
		goProcs: "1",
		goSteps: func(string) []step { return after(inMain, sleepSteps) },
	},
	{
		id:    "procs",
		title: trace.Words{EN: "Two Ps", ZH: "两个 P"},
		summary: trace.Words{EN: "With a second P an M is woken for it, and the new coroutine runs at once.",
			ZH: "有第二个 P 时，会唤醒一个 M，新协程立刻并行运行。"},
		variants: []observe.Variant{
			{ID: "2", Title: trace.Words{EN: "two Ps", ZH: "两个 P"}}, {ID: "1", Title: trace.Words{EN: "one P", ZH: "一个 P"}}},
		weft: func(v string) program {
			if v == "1" {
				return program{always(procs), []weft.Option{weft.Procs(1)}}
			}
			return program{always(procs), []weft.Option{weft.Procs(2)}}
		},
		steps:   procsSteps,
		goProcs: "2",
		goSteps: func(v string) []step { return after(inMain, procsSteps(v)) },
	},
	{
		id:      "steal",
		title:   trace.Words{EN: "Stealing", ZH: "窃取"},
		summary: trace.Words{EN: "A P without work takes half of another's queue.", ZH: "没活的 P 从别人的队列里拿走一半。"},
		weft:    func(string) program { return program{always(steal), []weft.Option{weft.Procs(2)}} },
		steps:   func(string) []step { return stealSteps },
		goProcs: "2",
		goSteps: func(string) []step { return after(inMain, stealSteps) },
	},
	{
		id:    "block",
		title: trace.Words{EN: "A blocking call, and the hand-off", ZH: "阻塞调用与 P 的移交"},
		summary: trace.Words{EN: "The thread sits in the call; its P goes to another, so nobody else waits.",
			ZH: "线程陷在调用里；它的 P 交给别人，其他协程不必等。"},
		variants: []observe.Variant{{ID: "announced", Title: trace.Words{EN: "with weft.Block", ZH: "用 weft.Block 声明"}},
			{ID: "unannounced", Title: trace.Words{EN: "without a word", ZH: "不作声明"}}},
		weft: func(v string) program {
			if v == "unannounced" {
				return program{always(blockUnannounced), []weft.Option{weft.Procs(1)}}
			}
			return program{always(block), []weft.Option{weft.Procs(1)}}
		},
		steps:   blockSteps,
		goProcs: "1",
		goSteps: func(string) []step { return blockGoSteps },
	},
	{
		id:    "half",
		title: trace.Words{EN: "Half a request", ZH: "半个请求"},
		summary: trace.Words{EN: "The bytes end in the middle of a line: the handler parks inside its parse, and goes on there.",
			ZH: "字节在一行中间断了：处理协程在解析中途挂起，之后从原处继续。"},
		weft:    func(string) program { return program{half, []weft.Option{weft.Procs(1)}} },
		steps:   func(string) []step { return halfSteps },
		goProcs: "1",
		goSteps: func(string) []step { return after(inMain, halfSteps) },
	},
	{
		id:       "io",
		title:    trace.Words{EN: "Six I/O models", ZH: "六种 I/O 模型"},
		summary:  trace.Words{EN: "One handler, six ways to learn that a socket is ready.", ZH: "同一段处理代码，六种得知套接字就绪的办法。"},
		variants: ioVariants(),
		weft: func(v string) program {
			return program{models, []weft.Option{weft.Procs(1), weft.IO(v)}}
		},
		steps: ioSteps,
	},
	{
		id:    "overflow",
		title: trace.Words{EN: "A full queue", ZH: "队列满了"},
		summary: trace.Words{EN: "A P's queue has 256 places; when it is full, half goes to the global queue.",
			ZH: "P 的本地队列有 256 个位置；满了就把一半移到全局队列。"},
		weft:    func(string) program { return program{always(overflow), []weft.Option{weft.Procs(1)}} },
		steps:   func(string) []step { return overflowSteps },
		goProcs: "1",
		goSteps: func(string) []step { return after(inMain, overflowSteps) },
	},
}

func after(first step, rest []step) []step { return append([]step{first}, rest...) }

// inMain skips what Go's runtime does before main.
var inMain = on(boot(trace.StepMain),
	"Go's own runtime has made its scheduler, started sysmon and initialised the packages; main.main is called.",
	"Go 自己的运行时已建好调度器、启动 sysmon、初始化各包；调用 main.main。")

// ioVariants offers every model. What the machine refuses is the error of the run.
func ioVariants() []observe.Variant {
	var vs []observe.Variant
	for _, model := range poll.Models() {
		vs = append(vs, observe.Variant{ID: model, Title: trace.Words{EN: model, ZH: model}})
	}
	return vs
}
