package trace

import (
	"maps"
	"slices"
)

// Languages returns those that a Text can narrate in, as "en".
func Languages() []string {
	return append([]string{"en"}, slices.Sorted(maps.Keys(languages))...)
}

// HasLanguage reports whether a Text can narrate in lang.
func HasLanguage(lang string) bool { return slices.Contains(Languages(), lang) }

// languages has, for each language but English, the formats of that language by
// those of English. The names of the runtime's own functions stay as they are.
var languages = map[string]map[string]string{"zh": chinese}

var chinese = map[string]string{
	// what is counted
	"G": "个 G", "P": "个 P", "event": "个事件", "coroutine": "个协程", "processor": "个处理器", "request": "个请求", "connection": "个",

	// steps of the runtime's life
	"step %d of %d: %v": "第 %d 步（共 %d 步）：%v",
	"entry":             "进程入口", "checks": "检查", "schedinit": "schedinit，初始化调度器", "newproc(main)": "newproc(main)，创建主协程",
	"mstart": "mstart，m0 开始调度", "runtime main": "主协程进入 runtime.main", "sysmon": "启动监控线程 sysmon",
	"initialisers": "执行包初始化函数", "main": "进入 main.main", "main returned": "main.main 返回", "unwind": "收尾，执行推迟的调用", "exit": "退出",
	", status %d":             "，状态码 %d",
	"; still there: %s":       "；此时还在的协程：%s",
	"runnable or running":     "可运行或正在运行",
	"procresize: %d → %s":     "procresize：P 的数量 %d → %s",
	"how things stand, in %s": "当前状态，共 %s",

	// the life of a coroutine
	"newproc g%d%s%s%s":                     "newproc：创建 g%d%s%s%s",
	"execute g%d%s":                         "execute：运行 g%d%s",
	"gopark: %v%s%s":                        "gopark：挂起，等待 %v%s%s",
	"goready g%d%s":                         "goready：唤醒 g%d%s",
	", parked on ":                          "，它原来等待 ",
	" (by %v)":                              "（由 %v 唤醒）",
	"yield%s":                               "让出 P%s",
	"goexit":                                "goexit：协程结束",
	"fresh":                                 "首次运行",
	"from p%d.%v":                           "取自 p%d.%v",
	"from the global runq":                  "取自全局队列",
	"from netpoll":                          "来自网络轮询",
	"on the same stack":                     "沿用同一个栈",
	"from a timer":                          "来自定时器",
	"stolen":                                "偷来的",
	"global runq":                           "全局队列",
	"same stack":                            "同一个栈",
	"timer":                                 "定时器",
	"netpoll":                               "网络轮询",
	"goroutine":                             "运行时之外的 goroutine",
	"earlier":                               "更早到来的唤醒",
	"fork a child":                          "分叉出一个子任务",
	"panic in g%d, not recovered":           "g%d 发生 panic，没有被 recover",
	"deadlock: %s parked for ever":          "死锁：%s 永远挂起",
	"run a child that g%d forked on p%d":    "运行 g%d 在 p%d 上分叉出的子任务",
	"yield%s, because it was asked to":      "被要求让出 P%s",
	"native call: the P goes on without it": "进入阻塞调用：P 不等它，继续运行别的协程",
	"back from the native call, on a P at once":             "从阻塞调用返回，立刻得到一个 P",
	"back from the native call, no P is free → global runq": "从阻塞调用返回，没有空闲的 P → 全局队列",

	// queues
	"steal %d from p%d, run g%d":                           "偷取：拿走 p%[2]d 的 %[1]d 个 G，先运行 g%[3]d",
	"runqputslow: p%d.runq is full, move %s → global runq": "runqputslow：p%d.runq 已满，移走 %s → 全局队列",
	"globrunqget: take %s from the global runq":            "globrunqget：从全局队列取 %s",

	// Ms and Ps
	"startm: new m%d":                          "startm：新建 m%d",
	"startm: wake m%d":                         "startm：唤醒 m%d",
	" for p%d":                                 "，交给它 p%d",
	"stopm: m%d has no work and sleeps":        "stopm：m%d 没有工作，睡眠",
	"m%d spins, looking for work":              "m%d 自旋，寻找工作",
	"m%d stops spinning":                       "m%d 停止自旋",
	"acquirep p%d":                             "acquirep：绑定 p%d",
	"pidleput p%d":                             "pidleput：p%d 进入空闲列表",
	"handoffp p%d, m%d goes on without it":     "handoffp：交出 p%d，m%d 不再拥有它",
	"retake p%d from m%d: in user mode for %v": "retake：从 m%[2]d 收回 p%[1]d，它在用户代码中已运行 %[3]v",
	"retake p%d from m%d: in a system call for %v or more": "retake：从 m%[2]d 收回 p%[1]d，它在系统调用中已有 %[3]v 以上",

	// the poller, timers, descriptors
	"netpoll: %s ready, %s":           "netpoll：%s 就绪，%s",
	"after %v":                        "等了 %v",
	"without waiting":                 "没有等待",
	"timer due at +%v fires %v late":  "定时器：应在 +%v 触发，晚了 %v",
	"open fd %d":                      "打开 fd %d",
	"close fd %d":                     "关闭 fd %d",
	"%s lost here: the ring was full": "此处丢失 %s：环形缓冲区已满",
	"unknown event %d":                "未知事件 %d",

	// Go's own runtime
	"the executable's entry point is %#x%s":                         "内核进入程序：可执行文件的入口地址 %#x%s",
	"args: argc %d, argv at %#x":                                    "args：argc 为 %d，argv 在 %#x",
	"osinit: %s, %d bytes a page":                                   "osinit：%s，每页 %d 字节",
	"m%d is at %#x, its g0 at %#x":                                  "m%d 在 %#x，它的 g0 在 %#x",
	"p%d is at %#x":                                                 "p%d 在 %#x",
	"%s: stack from %#x to %#x, %d bytes":                           "%s：栈从 %#x 到 %#x，%d 字节",
	"g%d: its function will return into %s (%#x); closure at %#x":   "g%d：它的函数将返回到 %s（%#x）；闭包在 %#x",
	"g%d: copied at the go statement: %s":                           "g%d：go 语句处拷贝的参数：%s",
	"initialise package %s":                                         "初始化包 %s",
	"enter a system call%s":                                         "进入系统调用%s",
	"back from the system call, on p%d":                             "从系统调用返回，仍在 p%d 上",
	"back from the system call, no P is free → global runq":         "从系统调用返回，没有空闲的 P → 全局队列",
	"preemptone: who is on p%d is asked to stop":                    "preemptone：要求 p%d 上的协程停下",
	"preemptone: who is on p%d has run for %v and is asked to stop": "preemptone：p%d 上的协程已运行 %v，要求它停下",
	"gcstopm: m%d gives its P up, the world is to stop":             "gcstopm：要停止世界，m%d 交出它的 P",
	"served so far: %s, on %s":                                      "至今已服务 %s，连接 %s",
	"decision %d: of %d, %s goes on":                                "第 %d 次选择：%d 个之中，%s 继续",
	", which is not the default":                                    "，不是默认的选择",
	"time":                                                          "时间",

	// why a coroutine parks
	"chan receive": "通道接收", "chan send": "通道发送", "chan receive (nil chan)": "通道接收（nil 通道）",
	"chan send (nil chan)": "通道发送（nil 通道）", "select": "select", "select (no cases)": "select（没有分支）",
	"sleep": "休眠", "IO read": "IO 读", "IO write": "IO 写", "IO accept": "IO 接受连接", "IO connect": "IO 连接", "IO close": "IO 关闭",
	"join": "汇合", "native call": "阻塞调用", "user": "用户自定", "semacquire": "信号量", "preempted": "被抢占", "panic": "panic",
	"garbage collection": "垃圾回收", "runtime": "运行时内部",
}
