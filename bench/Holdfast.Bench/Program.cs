using BenchmarkDotNet.Running;
using Holdfast.Bench;
using Holdfast.Bench.InProcess;
using Holdfast.Bench.Variants;

// The scripts beside this directory say what each does.
switch (args)
{
    case ["inprocess", .. var only]:
        await InProcessBench.RunAsync(only.FirstOrDefault(""), Catalogue.InProcess);
        break;
    case ["anatomy", .. var only]:
        await InProcessBench.RunAsync(only.FirstOrDefault(""), Anatomy.All);
        break;
    case ["allocations", var id]:
        await Allocations.RunAsync(id);
        break;
    case ["inprocess-variant", var id]:
        await InProcessBench.ServeAsync(id);
        break;
    case ["primitives", .. var rest]:
        BenchmarkSwitcher.FromAssembly(typeof(Primitives).Assembly).Run(rest);
        break;
    default:
        Console.Error.WriteLine("Use the scripts in bench/.");
        return 2;
}

return 0;
