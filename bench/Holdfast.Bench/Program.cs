using BenchmarkDotNet.Running;
using Holdfast.Bench;

// serve <memory|sqlite|redis connection>: the application that bench/http loads. Anything else: the cost of each primitive.
if (args is ["serve", var store])
{
    await BenchApp.RunAsync(store);
}
else
{
    BenchmarkSwitcher.FromAssembly(typeof(Primitives).Assembly).Run(args);
}
