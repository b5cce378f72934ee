package lessons

import "github.com/weftgo/weft/trace"

// What is told of each lesson, tied to its events (steps.go).

var helloSteps = []step{
	on(boot(trace.StepEntry), "The runtime is entered. In a program of its own this is weft.Main; here it runs inside the page's process.",
		"进入运行时。独立程序里这是 weft.Main；这里它运行在本页面的进程之内。"),
	on(boot(trace.StepChecks), "The options are checked.", "检查选项。"),
	on(boot(trace.StepSchedinit), "The scheduler is initialised: one P is made, allp[0], and bound to m0. m0's own stack is g0.",
		"初始化调度器：创建一个 P，即 allp[0]，绑定到 m0。m0 自己的栈就是 g0。"),
	on(boot(trace.StepNewprocMain), "newproc makes g1, which is to run main.", "newproc 创建 g1，由它来运行 main。"),
	on(boot(trace.StepMstart), "m0 starts and looks for work.", "m0 启动，开始找活。"),
	on(starts("main"), "It finds g1 in p0's runnext and executes it. g1 gets its stack only now.", "它在 p0 的 runnext 里找到 g1 并执行。g1 这时才得到栈。"),
	on(boot(trace.StepSysmon), "The monitor is started: an M without a P.", "启动监控 sysmon：一个没有 P 的 M。"),
	on(boot(trace.StepMain), "The registered initialisers have run; main is called.", "注册的初始化函数已执行；调用 main。"),
	on(creates("main", "other"), "The go statement: newproc puts a new coroutine into runnext. It has no stack yet and does not run yet.",
		"go 语句：newproc 把新协程放进 runnext。它还没有栈，也还没有运行。"),
	on(boot(trace.StepMainReturned), "main has printed and returned. Nobody waited for the other: it never began.",
		"main 打印完就返回了。没人等另一个协程：它从未开始。"),
	on(boot(trace.StepExit), "Exit. A process would end here whoever is left; weft.Run first unwinds those that have begun.",
		"退出。若是进程，不管还剩谁都到此结束；weft.Run 会先展开已开始的协程。"),
}

var helloGoSteps = []step{
	on(anyOf(trace.KEntry), "The kernel jumps to the entry point that the executable names: the runtime's, not main.main.",
		"内核跳到可执行文件写明的入口：那是运行时的，不是 main.main。"),
	on(boot(trace.StepSchedinit), "schedinit: the scheduler and the Ps are made; allp[0] goes to m0.",
		"schedinit：建好调度器和各个 P；allp[0] 归 m0。"),
	on(boot(trace.StepNewprocMain), "newproc makes g1, whose function is runtime.main.", "newproc 创建 g1，它的函数是 runtime.main。"),
	on(boot(trace.StepMstart), "m0 enters the scheduling loop on its g0.", "m0 在 g0 上进入调度循环。"),
	on(starts("main"), "g1 is executed.", "执行 g1。"),
	on(boot(trace.StepSysmon), "sysmon runs, on an M of its own without a P.", "sysmon 在自己的 M 上运行，不占 P。"),
	on(boot(trace.StepMain), "The packages are initialised; main.main is called.", "各包已初始化；调用 main.main。"),
	on(creates("main",
		"other"), "The go statement has become a call of newproc. The new goroutine has a stack of 2 KB and returns into goexit.",
		"go 语句变成了对 newproc 的调用。新 goroutine 有 2 KB 的栈，返回到 goexit。"),
	on(boot(trace.StepMainReturned), "main.main returns.", "main.main 返回。"),
	on(boot(trace.StepExit), "The process exits, whoever is still there: the other goroutine never ran, unless it was quick.",
		"进程退出，不管还剩谁：除非另一个 goroutine 够快，否则它从未运行。"),
}

var sleepSteps = []step{
	on(creates("main", "other"), "main creates another, which waits in p0's runnext. There is no second P to run it.",
		"main 创建另一个协程，它在 p0 的 runnext 里等。没有第二个 P 能运行它。"),
	on(parks("main", trace.WaitSleep), "main sleeps: it parks, and leaves a timer behind. Its P is free for others at once.",
		"main 睡眠：挂起，留下一个定时器。它的 P 立刻可给别人用。"),
	on(starts("other"), "The scheduler, on g0, takes the next from runnext: the other runs.", "g0 上的调度器从 runnext 取下一个：另一个协程运行。"),
	on(exits("other"), "It has printed and ends: goexit recycles it.", "它打印完就结束：goexit 回收它。"),
	on(anyOf(trace.KPIdle), "Nothing is left to run: the P goes idle, and the M sleeps until the timer is due.",
		"没有可运行的了：P 空闲，M 睡到定时器到期。"),
	on(readied("main"), "The timer fires: main is runnable again.", "定时器到期：main 重新可运行。"),
	on(starts("main"), "main runs on, exactly where it slept.", "main 从睡眠处继续运行。"),
}

func procsSteps(v string) []step {
	if v == "1" {
		return []step{
			on(creates("main", "other"), "main creates another. There is one P, and main has it.", "main 创建另一个协程。只有一个 P，被 main 占着。"),
			on(parks("main"), "main has computed, and waits for the other. Only now is the P free.", "main 算完了，等另一个。P 这时才空出来。"),
			on(starts("other"), "The other computes: one after the other.", "另一个开始计算：一个接一个。"),
			on(readied("main"), "It is done and wakes main.", "它算完，唤醒 main。"),
			on(starts("main"), "main goes on.", "main 继续。"),
		}
	}
	return []step{
		on(creates("main", "other"), "main creates another. It goes on p0's queue; p1 is idle.", "main 创建另一个协程，放进 p0 的队列；p1 空闲。"),
		on(anyOf(trace.KMStart), "There is an idle P and nobody looks for work: wakep starts an M for it.",
			"有空闲的 P 又没人在找活：wakep 为它启动一个 M。"),
		on(anyOf(trace.KPAcquire), "The M takes p1 and looks for work: its own queue, the global queue, the poller, others' queues.",
			"M 取得 p1，开始找活：自己的队列、全局队列、轮询器、别人的队列。"),
		on(starts("other"), "It has stolen the new coroutine: both compute at the same time.", "它偷到了新协程：两个同时计算。"),
		on(parks("main"), "main has computed, and waits for the other if that is not done yet.", "main 算完；若另一个还没算完就等它。"),
		on(readied("main"), "The other is done and makes main runnable.", "另一个算完，使 main 可运行。"),
	}
}

var stealSteps = []step{
	on(creates("main", "first"), "main creates the first of eight. All go on the queue of the P that main runs on.",
		"main 创建八个中的第一个。它们都进 main 所在 P 的队列。"),
	on(anyOf(trace.KMStart), "An idle P, and nobody searches: an M is woken to search for work.", "有空闲的 P，又没人在找：唤醒一个 M 去找活。"),
	on(anyOf(trace.KSteal), "It finds its own queue empty and steals half of the other's, the oldest ones, in one go.",
		"它发现自己的队列是空的，一次从别人那里偷走一半，从最老的偷起。"),
	on(startsSomeone("stolen"), "The last of them runs at once, the others stand in the thief's queue.", "其中最后一个立刻运行，其余排在窃取者的队列里。"),
	on(exits("stolen"), "It has computed.", "它算完了。"),
	on(readied("main"), "The last to be done wakes main.", "最后一个算完的唤醒 main。"),
}

func blockSteps(v string) []step {
	if v == "unannounced" {
		return []step{
			on(creates("main", "other"), "main creates another, on the only P.", "main 在唯一的 P 上创建另一个协程。"),
			on(anyOf(trace.KRetake), "main blocks its thread and has said nothing. After 10 ms sysmon notices and takes the P away.",
				"main 阻塞了线程却没声明。10 毫秒后 sysmon 发现，夺走 P。"),
			on(anyOf(trace.KMStart), "handoffp: another M is started for it.", "handoffp：为它启动另一个 M。"),
			on(starts("other"), "The other runs, while main's thread still sits in its call.", "另一个协程运行，main 的线程还陷在调用里。"),
			on(exits("other"), "The other ends; nobody is left, and the P goes idle.", "另一个结束；没人了，P 空闲。"),
			on(anyOf(trace.KPAcquire), "main is back. It has no P any more, and takes the idle one at its next call into the runtime.",
				"main 回来了。它已没有 P，在下一次进入运行时取得那个空闲的。"),
		}
	}
	return []step{
		on(creates("main", "other"), "main creates another, on the only P.", "main 在唯一的 P 上创建另一个协程。"),
		on(about(trace.KGoBlock, "main"), "weft.Block: main is about to block its thread, and says so.", "weft.Block：main 将阻塞线程，并事先声明。"),
		on(anyOf(trace.KHandoff), "handoffp: the P leaves m0 at once.", "handoffp：P 立刻离开 m0。"),
		on(anyOf(trace.KMStart), "Another M is started for the P.", "为这个 P 启动另一个 M。"),
		on(starts("other"), "The other runs there, while m0 sits in the call.", "另一个协程在那里运行，m0 还陷在调用里。"),
		on(about(trace.KGoUnblock, "main"), "The call is over: main takes an idle P, or queues for one.", "调用结束：main 拿一个空闲的 P，没有就排队。"),
	}
}

var blockGoSteps = []step{
	inMain,
	on(creates("main", "other"), "main creates another, on the only P.", "main 在唯一的 P 上创建另一个 goroutine。"),
	on(about(trace.KSyscall, "main"), "entersyscall: the M keeps the P for now, since most calls are short.",
		"entersyscall：多数调用很短，M 暂时还留着 P。"),
	on(anyOf(trace.KRetake), "This one is not. sysmon takes the P away from the M that sits in the call.", "这次不短。sysmon 从陷在调用里的 M 手里夺走 P。"),
	on(anyOf(trace.KMStart), "handoffp: another M is started for it.", "handoffp：为它启动另一个 M。"),
	on(starts("other"), "The other runs.", "另一个 goroutine 运行。"),
	on(anyOf(trace.KSysret, trace.KGoUnblock), "exitsyscall: the call is over; main gets a P again.", "exitsyscall：调用结束；main 重新得到 P。"),
}

var halfSteps = []step{
	on(creates("main", "client"), "main listens and creates the client.", "main 监听，并创建客户端协程。"),
	on(parks("main", trace.WaitIOAccept, trace.WaitIORead), "main waits for a connection: it parks on the listening descriptor.",
		"main 等连接：挂在监听描述符上。"),
	on(starts("client"), "The client connects and sends the first half: \"GET /whole HT\".", "客户端连接，发出前半：\"GET /whole HT\"。"),
	on(creates("main", "handler"), "The connection is accepted, and handed to a coroutine of its own.", "连接被接受，交给它自己的协程。"),
	on(starts("handler"), "The handler reads and parses what is there.", "处理协程读取并解析已有的字节。"),
	on(parks("handler", trace.WaitIORead),
		"The line ends in the middle. The handler parks where it is, deep inside the parser, with its whole stack.",
		"这一行在中间断了。处理协程就在解析器深处挂起，保留整个栈。"),
	on(readied("client"), "The client has slept 20 ms: a timer wakes it, and it sends the second half.", "客户端睡了 20 毫秒：定时器唤醒它，它发出后半。"),
	on(readied("handler"), "The poller finds the descriptor readable: the handler is runnable.", "轮询器发现描述符可读：处理协程可运行。"),
	on(starts("handler"), "It goes on in the middle of the parse, as if the read had only taken long.", "它从解析中途继续，好像那次读只是慢了些。"),
	on(exits("handler"), "The request is whole: it has answered and ends.", "请求完整了：应答后结束。"),
}

func ioSteps(v string) []step {
	how, ok := ioHow[v]
	if !ok {
		how = ioHow["epoll"]
	}
	return []step{
		on(creates("main", "client"), "main listens and creates three clients.", "main 监听，并创建三个客户端。"),
		on(creates("main", "handler"), "A connection is accepted: a coroutine for it.", "接受一个连接：为它建一个协程。"),
		on(starts("handler"), "The handler reads, and finds nothing there.", "处理协程去读，还没有数据。"),
		how,
		on(starts("handler"), "The handler has its bytes and echoes them. Its code is the same under every model.",
			"处理协程拿到字节并回送。各种模型下代码都一样。"),
	}
}

// ioHow says how a model waits.
var ioHow = map[string]step{
	"blocking": on(about(trace.KGoBlock, "handler"),
		"blocking: the M itself sits in the call, and its P goes to another. One thread for each connection that waits.",
		"blocking：M 自己陷在调用里，P 交给别人。每个等待的连接占一个线程。"),
	"busy": on(anyOf(trace.KGoYield), "busy: the read says EAGAIN; the coroutine yields and tries again, and again.",
		"busy：读返回 EAGAIN；协程让出，再试，又再试。"),
	"select": on(parks("handler", trace.WaitIORead),
		"select: the coroutine parks. The whole set of descriptors is passed to the kernel at each call, and scanned after it.",
		"select：协程挂起。每次调用都把整个描述符集合传给内核，返回后再整个扫描。"),
	"poll": on(parks("handler", trace.WaitIORead),
		"poll: the coroutine parks. As select, without the limit of 1024; still the whole set each time.",
		"poll：协程挂起。同 select，但没有 1024 的限制；每次仍是整个集合。"),
	"epoll": on(parks("handler", trace.WaitIORead),
		"epoll: the coroutine parks. The descriptor was registered once; the kernel returns only those that are ready.",
		"epoll：协程挂起。描述符只注册一次；内核只返回就绪的。"),
	"uring": on(parks("handler", trace.WaitIORead),
		"uring: the coroutine parks. A multishot request stands in the ring; readiness comes back without a system call for each.",
		"uring：协程挂起。环里有一个多次触发的请求；就绪通知不必每次都用系统调用。"),
}

var overflowSteps = []step{
	on(creates("main", "first"), "main creates the first of 300. Each goes into runnext and pushes the one before it onto p0's queue.",
		"main 创建 300 个中的第一个。每个先进 runnext，把前一个挤进 p0 的队列。"),
	on(anyOf(trace.KOverflow),
		"The queue's 256 places are taken: half of them, and the one that found no place, go to the global queue in one go.",
		"队列的 256 个位置满了：其中一半，连同没有位置的那个，一次移到全局队列。"),
	on(parks("main"), "All 300 are made, and main waits.", "300 个都建好了，main 等待。"),
	on(startsSomeone("one"), "The newest, in runnext, runs first; then those of the local queue.", "runnext 里最新的先运行，然后是本地队列里的。"),
	on(anyOf(trace.KGlobGet), "Now and then, and when the local queue is empty, some are taken from the global queue.",
		"隔一阵，以及本地队列空了时，从全局队列取一些。"),
	on(readied("main"), "The last wakes main.", "最后一个唤醒 main。"),
}
