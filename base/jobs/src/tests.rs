// Conformance of the queue on both engines: see below.
