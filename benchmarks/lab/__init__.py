"""The lab: where the demo's tiny model is trained, tuned, quantised and measured."""
