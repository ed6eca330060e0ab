using System.Security.Cryptography;

namespace Holdfast.Distributed.Tests.Deployments;

/// <summary>Nodes of ASP.NET Core that each have the engine in their process, and share a store.</summary>
public abstract class EngineDeployment : Deployment
{
    private static readonly NodeProgram Program = NodeProgram.OfProject("tests/Holdfast.Distributed.Node");

    private readonly string _secret = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));

    /// <summary>The environment that tells a node where its store is.</summary>
    protected abstract IReadOnlyDictionary<string, string> StoreSettings(int node);

    private protected override NodeProcess NodeAt(int index) =>
        new(Program, new Dictionary<string, string>([.. EngineSettings, .. StoreSettings(index)]) { ["Holdfast__MasterSecret"] = _secret });
}
