package observe

import (
	"net/http"

	"github.com/weftgo/weft/trace"
)

// meta tells what there is to be looked at, and what the numbers in a recording
// mean, so that the page has no table of its own.
func (s *Server) meta(w http.ResponseWriter, r *http.Request, _ string) error {
	s.mu.Lock()
	sources := s.sources
	s.mu.Unlock()
	infos := []Info{}
	for _, src := range sources {
		infos = append(infos, src.Info())
	}
	mode, control, controls := "lessons", "off", []string{}
	if len(infos) > 0 && infos[0].Kind != "lesson" {
		mode = "file"
		if infos[0].Kind == "live" {
			mode = "live"
		}
	}
	if s.opts.Token != "" {
		control = "token"
		if s.opts.Choose != nil {
			controls = append(controls, "choose")
		}
		if s.opts.Control != nil {
			controls = append(controls, "procs", "recording")
		}
	}
	return reply(w, map[string]any{
		"mode": mode, "version": trace.FormatVersion, "weft": version(),
		"control": control, "controls": controls, "recordings": infos, "queueSlots": queueSlots,
		"kinds": kindTable(), "reasons": reasonTable(),
		"queues": wordTable(queueTitles[:], func(i int) string { return trace.Queue(i).String() }),
		"causes": wordTable(causeTitles[:], func(i int) string { return trace.Cause(i).String() }),
		"steps":  wordTable(stepTitles[:], func(i int) string { return trace.Step(i).String() }),
	})
}

// queueSlots is the length of a P's queue.
const queueSlots = 256

type entry struct {
	ID     int         `json:"id"`
	Name   string      `json:"name"`
	Title  trace.Words `json:"title"`
	Const  string      `json:"const,omitempty"`
	Object string      `json:"object,omitempty"`
	*fields
}

type fields struct {
	Sub trace.Meaning `json:"sub"`
	A   trace.Meaning `json:"a"`
	B   trace.Meaning `json:"b"`
	C   trace.Meaning `json:"c"`
}

func kindTable() []entry {
	table := wordTable(kindTitles[:], func(i int) string { return trace.Kind(i).String() })
	for i := range table {
		info := trace.Kind(i).Info()
		table[i].Const = info.Const
		table[i].fields = &fields{info.Sub, info.A, info.B, info.C}
	}
	return table
}

func reasonTable() []entry {
	table := wordTable(reasonTitles[:], func(i int) string { return trace.Reason(i).String() })
	for i := range table {
		table[i].Object = trace.Reason(i).Object()
	}
	return table
}

func wordTable(titles []trace.Words, name func(i int) string) []entry {
	table := make([]entry, len(titles))
	for i, t := range titles {
		table[i] = entry{ID: i, Name: name(i), Title: t}
	}
	return table
}

var kindTitles = [trace.KindCount]trace.Words{
	trace.KNone:      {EN: "nothing", ZH: "无"},
	trace.KBoot:      {EN: "a step of the runtime's life", ZH: "运行时的一个阶段"},
	trace.KProcs:     {EN: "procresize: the number of Ps changes", ZH: "procresize：P 的数量改变"},
	trace.KGoCreate:  {EN: "newproc: a coroutine is created", ZH: "newproc：创建协程"},
	trace.KGoStart:   {EN: "execute: a coroutine runs", ZH: "execute：协程开始运行"},
	trace.KGoPark:    {EN: "gopark: a coroutine waits", ZH: "gopark：协程挂起等待"},
	trace.KGoReady:   {EN: "goready: a coroutine can run again", ZH: "goready：协程重新可运行"},
	trace.KGoYield:   {EN: "yield: a coroutine gives up its P", ZH: "yield：协程主动让出 P"},
	trace.KGoExit:    {EN: "goexit: a coroutine ends", ZH: "goexit：协程结束"},
	trace.KGoBlock:   {EN: "native call: the P goes on without the coroutine", ZH: "阻塞调用：P 不等它，继续前行"},
	trace.KGoUnblock: {EN: "back from a native call", ZH: "从阻塞调用返回"},
	trace.KSteal:     {EN: "steal from another P's queue", ZH: "从别的 P 的队列窃取"},
	trace.KOverflow:  {EN: "half a full queue goes to the global queue", ZH: "本地队列满，一半移入全局队列"},
	trace.KGlobGet:   {EN: "take from the global queue", ZH: "从全局队列取走"},
	trace.KMStart:    {EN: "startm: an M is started or woken", ZH: "startm：启动或唤醒一个 M"},
	trace.KMStop:     {EN: "stopm: an M sleeps", ZH: "stopm：M 休眠"},
	trace.KMSpin:     {EN: "an M looks for work", ZH: "M 自旋找活"},
	trace.KPAcquire:  {EN: "acquirep: an M takes a P", ZH: "acquirep：M 取得 P"},
	trace.KPIdle:     {EN: "pidleput: a P goes idle", ZH: "pidleput：P 空闲"},
	trace.KHandoff:   {EN: "handoffp: an M gives its P away", ZH: "handoffp：M 交出 P"},
	trace.KRetake:    {EN: "retake: sysmon takes a P", ZH: "retake：sysmon 夺回 P"},
	trace.KNetpoll:   {EN: "netpoll: the network is asked", ZH: "netpoll：查询网络"},
	trace.KTimer:     {EN: "a timer fires", ZH: "定时器到期"},
	trace.KFork:      {EN: "a child of Do is offered", ZH: "Do 的子任务等人来取"},
	trace.KForkSteal: {EN: "a child of Do runs on another P", ZH: "Do 的子任务在别的 P 上运行"},
	trace.KFdOpen:    {EN: "a descriptor is opened", ZH: "打开文件描述符"},
	trace.KFdClose:   {EN: "a descriptor is closed", ZH: "关闭文件描述符"},
	trace.KPanic:     {EN: "a panic that nobody recovers", ZH: "无人恢复的 panic"},
	trace.KDeadlock:  {EN: "deadlock", ZH: "死锁"},
	trace.KLost:      {EN: "events were lost here", ZH: "此处丢失了事件"},
	trace.KState:     {EN: "how things stand", ZH: "此刻的状态"},
	trace.KEntry:     {EN: "the kernel starts the process", ZH: "内核启动进程"},
	trace.KArgs:      {EN: "the arguments that the kernel left", ZH: "内核留下的参数"},
	trace.KOSInit:    {EN: "osinit: the machine is asked", ZH: "osinit：询问机器"},
	trace.KMInit:     {EN: "an M's thread runs", ZH: "M 的线程开始运行"},
	trace.KPInit:     {EN: "a P is made", ZH: "创建一个 P"},
	trace.KStack:     {EN: "a stack and its bounds", ZH: "栈及其边界"},
	trace.KGoEntry:   {EN: "where a new goroutine begins and returns to", ZH: "新 goroutine 的入口与返回地址"},
	trace.KGoArg:     {EN: "what a new goroutine's closure has captured", ZH: "新 goroutine 的闭包捕获的值"},
	trace.KInitTask:  {EN: "a package is initialised", ZH: "初始化一个包"},
	trace.KSyscall:   {EN: "entersyscall: a system call", ZH: "entersyscall：进入系统调用"},
	trace.KSysret:    {EN: "exitsyscall: back from it", ZH: "exitsyscall：系统调用返回"},
	trace.KPreempt:   {EN: "preemptone: sysmon asks a goroutine to stop", ZH: "preemptone：sysmon 请求 goroutine 停下"},
	trace.KGCStop:    {EN: "gcstopm: the world is to stop", ZH: "gcstopm：即将停止世界"},
	trace.KServed:    {EN: "requests served so far", ZH: "至今已服务的请求"},
	trace.KChoose:    {EN: "who goes on is chosen", ZH: "选择谁继续"},
}

var reasonTitles = [trace.ReasonCount]trace.Words{
	trace.WaitNone:           {EN: "for nothing", ZH: "无"},
	trace.WaitChanReceive:    {EN: "receive from a channel", ZH: "从通道接收"},
	trace.WaitChanSend:       {EN: "send to a channel", ZH: "向通道发送"},
	trace.WaitChanReceiveNil: {EN: "receive from a nil channel, for ever", ZH: "从 nil 通道接收（永远）"},
	trace.WaitChanSendNil:    {EN: "send to a nil channel, for ever", ZH: "向 nil 通道发送（永远）"},
	trace.WaitSelect:         {EN: "select", ZH: "select"},
	trace.WaitSelectNoCases:  {EN: "select without cases, for ever", ZH: "没有分支的 select（永远）"},
	trace.WaitMutexLock:      {EN: "lock a mutex", ZH: "互斥锁加锁"},
	trace.WaitRWMutexRLock:   {EN: "lock for reading", ZH: "读写锁加读锁"},
	trace.WaitRWMutexLock:    {EN: "lock for writing", ZH: "读写锁加写锁"},
	trace.WaitWaitGroup:      {EN: "wait group", ZH: "等待组"},
	trace.WaitCond:           {EN: "condition", ZH: "条件变量"},
	trace.WaitOnce:           {EN: "once: another runs it", ZH: "once：别人正在执行"},
	trace.WaitSemaphore:      {EN: "semaphore", ZH: "信号量"},
	trace.WaitGroup:          {EN: "group of tasks", ZH: "任务组"},
	trace.WaitSleep:          {EN: "sleep", ZH: "睡眠"},
	trace.WaitIORead:         {EN: "read", ZH: "读"},
	trace.WaitIOWrite:        {EN: "write", ZH: "写"},
	trace.WaitIOAccept:       {EN: "accept a connection", ZH: "接受连接"},
	trace.WaitIOConnect:      {EN: "connect", ZH: "建立连接"},
	trace.WaitIOClose:        {EN: "close", ZH: "关闭"},
	trace.WaitJoin:           {EN: "join of Do", ZH: "Do 的汇合"},
	trace.WaitBlock:          {EN: "native call", ZH: "阻塞调用"},
	trace.WaitUser:           {EN: "the program's own reason", ZH: "程序自定的原因"},

	trace.WaitSyncMutexLock:    {EN: "lock a sync.Mutex", ZH: "sync.Mutex 加锁"},
	trace.WaitSyncRWMutexRLock: {EN: "lock a sync.RWMutex for reading", ZH: "sync.RWMutex 加读锁"},
	trace.WaitSyncRWMutexLock:  {EN: "lock a sync.RWMutex for writing", ZH: "sync.RWMutex 加写锁"},
	trace.WaitSyncWaitGroup:    {EN: "sync.WaitGroup", ZH: "sync.WaitGroup 等待组"},
	trace.WaitSyncCond:         {EN: "sync.Cond", ZH: "sync.Cond 条件变量"},
	trace.WaitSemacquire:       {EN: "a semaphore of Go's runtime", ZH: "Go 运行时的信号量"},
	trace.WaitCoroutine:        {EN: "a coroutine of Go's iter.Pull", ZH: "iter.Pull 的协程"},
	trace.WaitSynctest:         {EN: "a synctest bubble", ZH: "synctest 气泡"},
	trace.WaitPreempted:        {EN: "preempted", ZH: "被抢占"},
	trace.WaitPanic:            {EN: "a panic of another", ZH: "别人的 panic"},
	trace.WaitGC:               {EN: "garbage collection", ZH: "垃圾回收"},
	trace.WaitRuntime:          {EN: "Go's runtime itself", ZH: "Go 运行时内部"},
}

var queueTitles = [trace.QueueCount]trace.Words{
	trace.QNone:    {EN: "none", ZH: "无"},
	trace.QRunnext: {EN: "the P's next slot", ZH: "P 的 runnext"},
	trace.QLocal:   {EN: "the P's local queue", ZH: "P 的本地队列"},
	trace.QGlobal:  {EN: "the global queue", ZH: "全局队列"},
	trace.QSteal:   {EN: "stolen from another P", ZH: "从别的 P 窃取"},
	trace.QNetpoll: {EN: "straight from the poller", ZH: "直接来自轮询器"},
	trace.QStack:   {EN: "on the stack of one that ended", ZH: "沿用已结束协程的栈"},
	trace.QTimer:   {EN: "straight from a timer", ZH: "直接来自定时器"},
}

var causeTitles = [trace.CauseCount]trace.Words{
	trace.ByCoroutine: {EN: "a coroutine", ZH: "协程"},
	trace.ByTimer:     {EN: "a timer", ZH: "定时器"},
	trace.ByNetpoll:   {EN: "the network", ZH: "网络"},
	trace.ByGoroutine: {EN: "an ordinary goroutine", ZH: "普通 goroutine"},
	trace.BySysmon:    {EN: "sysmon", ZH: "sysmon"},
	trace.ByEarly:     {EN: "somebody who came before it had parked", ZH: "挂起完成之前到来的唤醒"},
	trace.ByUnwind:    {EN: "the end of the runtime", ZH: "运行时收尾"},
}

var stepTitles = [trace.StepCount]trace.Words{
	trace.StepEntry:        {EN: "the process enters the program", ZH: "进程进入程序入口"},
	trace.StepChecks:       {EN: "checks", ZH: "检查"},
	trace.StepSchedinit:    {EN: "the scheduler is initialised", ZH: "调度器初始化"},
	trace.StepNewprocMain:  {EN: "the main coroutine is made", ZH: "创建主协程"},
	trace.StepMstart:       {EN: "m0 starts", ZH: "m0 启动"},
	trace.StepRuntimeMain:  {EN: "runtime main", ZH: "runtime.main"},
	trace.StepSysmon:       {EN: "the monitor is started", ZH: "启动监控线程"},
	trace.StepInit:         {EN: "initialisers run", ZH: "执行初始化函数"},
	trace.StepMain:         {EN: "main is called", ZH: "调用 main"},
	trace.StepMainReturned: {EN: "main has returned", ZH: "main 返回"},
	trace.StepUnwind:       {EN: "those left are unwound", ZH: "收尾：展开剩余协程"},
	trace.StepExit:         {EN: "exit", ZH: "退出"},
}
