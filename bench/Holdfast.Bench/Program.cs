using System.Globalization;
using BenchmarkDotNet.Running;
using Holdfast.Bench;
using Holdfast.Bench.Engine;
using Holdfast.Bench.Http;
using Holdfast.Bench.InProcess;
using Holdfast.Bench.Variants;

// The scripts beside this directory say what each does.
switch (args)
{
    case ["http", var store, .. var only]:
        await HttpBench.RunAsync(store, only.FirstOrDefault(""));
        break;
    case ["clients", var framework]:
        await ClientBench.RunAsync(framework);
        break;
    case ["serve", var id, var port, var store, var redis]:
        await HttpBench.ServeAsync(id, int.Parse(port, CultureInfo.InvariantCulture), new Backing(store, redis));
        break;
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
    case ["counted"]:
        await Counted.RunAsync();
        break;
    case ["million", var store, .. var count]:
        await Million.RunAsync(store, Number(count, Population.Million));
        break;
    case ["revocation", var store, .. var endings]:
        await Revocation.RunAsync(store, Number(endings, 200));
        break;
    case ["following", var store, .. var seconds]:
        await Following.RunAsync(store, Number(seconds, 60));
        break;
    case ["idle", var store, var redis]:
        await Following.ServeAsync(store, redis);
        break;
    case ["primitives", .. var rest]:
        BenchmarkSwitcher.FromAssembly(typeof(Primitives).Assembly).Run(rest);
        break;
    default:
        Console.Error.WriteLine("Use the scripts in bench/.");
        return 2;
}

return 0;

static int Number(string[] rest, int otherwise) => rest is [var text] ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;
