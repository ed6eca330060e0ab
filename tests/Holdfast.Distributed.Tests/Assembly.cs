using Holdfast.Distributed.Tests.Faults;
using Xunit.Sdk;
using Xunit.v3;

// One fault at a time: each needs the machine for its nodes.
[assembly: Parallelization(Mode = ParallelMode.None)]
[assembly: AssemblyFixture(typeof(SoakPage))]
