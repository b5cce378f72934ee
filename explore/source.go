package explore

import _ "embed"

// The sources of what the hosts have copies of, without imports.
var (
	//go:embed pick.go
	PickSource string
	//go:embed wire.go
	WireSource string
	//go:embed plan.go
	PlanSource string
)
