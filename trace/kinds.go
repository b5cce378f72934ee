package trace

// Meaning says what a field of an event holds.
type Meaning string

// The meanings. A field without one is not used by its kind.
const (
	MStep     Meaning = "step"
	MQueue    Meaning = "queue"
	MReason   Meaning = "reason"
	MCause    Meaning = "cause"
	MCount    Meaning = "count"
	MBool     Meaning = "bool"
	MG        Meaning = "g"
	MNewG     Meaning = "newg" // a G that begins here
	MHolder   Meaning = "holder"
	MM        Meaning = "m"
	MP        Meaning = "p"
	MPC       Meaning = "pc"
	MObject   Meaning = "object" // as the Reason says: an address, nanoseconds or a descriptor
	MDuration Meaning = "ns"
	MTime     Meaning = "time"
	MFd       Meaning = "fd"
	MAddress  Meaning = "address"
	MWord     Meaning = "word" // of what a closure has captured
)

// KindInfo describes a Kind to programs that show events.
type KindInfo struct {
	Name         string
	Const        string
	Sub, A, B, C Meaning
}

// Info returns what the fields of events of kind k mean.
func (k Kind) Info() KindInfo {
	if k >= KindCount {
		return KindInfo{Name: k.String()}
	}
	info := kindInfos[k]
	info.Name = k.String()
	return info
}

var kindInfos = [KindCount]KindInfo{
	KNone:      {Const: "KNone"},
	KBoot:      {Const: "KBoot", Sub: MStep},
	KProcs:     {Const: "KProcs", A: MCount, B: MCount},
	KGoCreate:  {Const: "KGoCreate", Sub: MQueue, A: MNewG, B: MPC, C: MPC},
	KGoStart:   {Const: "KGoStart", Sub: MQueue, A: MBool},
	KGoPark:    {Const: "KGoPark", Sub: MReason, A: MObject, B: MPC, C: MHolder},
	KGoReady:   {Const: "KGoReady", Sub: MQueue, A: MG, B: MObject, C: MCause},
	KGoYield:   {Const: "KGoYield", Sub: MQueue, A: MBool},
	KGoExit:    {Const: "KGoExit"},
	KGoBlock:   {Const: "KGoBlock"},
	KGoUnblock: {Const: "KGoUnblock", A: MBool},
	KSteal:     {Const: "KSteal", A: MP, B: MCount, C: MG},
	KOverflow:  {Const: "KOverflow", A: MCount},
	KGlobGet:   {Const: "KGlobGet", A: MCount},
	KMStart:    {Const: "KMStart", Sub: MBool, A: MM, B: MP},
	KMStop:     {Const: "KMStop"},
	KMSpin:     {Const: "KMSpin", Sub: MBool},
	KPAcquire:  {Const: "KPAcquire"},
	KPIdle:     {Const: "KPIdle"},
	KHandoff:   {Const: "KHandoff", A: MP, B: MM},
	KRetake:    {Const: "KRetake", Sub: MBool, A: MP, B: MM, C: MDuration},
	KNetpoll:   {Const: "KNetpoll", Sub: MBool, A: MCount, B: MDuration},
	KTimer:     {Const: "KTimer", A: MTime, B: MDuration},
	KFork:      {Const: "KFork"},
	KForkSteal: {Const: "KForkSteal", A: MG, B: MP},
	KFdOpen:    {Const: "KFdOpen", A: MFd},
	KFdClose:   {Const: "KFdClose", A: MFd},
	KPanic:     {Const: "KPanic"},
	KDeadlock:  {Const: "KDeadlock", A: MCount},
	KLost:      {Const: "KLost", A: MCount},
	KState:     {Const: "KState", A: MCount},
	KEntry:     {Const: "KEntry", A: MPC},
	KArgs:      {Const: "KArgs", A: MCount, B: MAddress},
	KOSInit:    {Const: "KOSInit", A: MCount, B: MCount},
	KMInit:     {Const: "KMInit", A: MAddress, B: MAddress},
	KPInit:     {Const: "KPInit", A: MAddress},
	KStack:     {Const: "KStack", A: MG, B: MAddress, C: MAddress},
	KGoEntry:   {Const: "KGoEntry", A: MG, B: MPC, C: MAddress},
	KGoArg:     {Const: "KGoArg", Sub: MCount, A: MG, B: MWord, C: MWord},
	KInitTask:  {Const: "KInitTask", A: MPC},
	KSyscall:   {Const: "KSyscall", A: MPC},
	KSysret:    {Const: "KSysret", A: MBool},
	KPreempt:   {Const: "KPreempt", A: MP, B: MDuration},
	KGCStop:    {Const: "KGCStop"},
	KServed:    {Const: "KServed", A: MCount, B: MCount, C: MDuration},
	KChoose:    {Const: "KChoose", Sub: MCount, A: MCount, B: MG, C: MCount},
}

// Object says in a word what a coroutine that parks for r waits for, as "chan";
// "fd" and "duration" are not addresses, and "" is nothing.
func (r Reason) Object() string {
	switch r {
	case WaitSleep:
		return "duration"
	case WaitIORead, WaitIOWrite, WaitIOAccept, WaitIOConnect, WaitIOClose:
		return "fd"
	case WaitNone, WaitChanReceiveNil, WaitChanSendNil, WaitSelectNoCases, WaitBlock:
		return ""
	}
	return r.object()
}
