"""The way back: inverting changes, the manual kit, the plan that undoes a run."""
