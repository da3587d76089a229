using System.Text;
using Espalier.Models.Checkpoints;

namespace Espalier.Tests.Checkpoints;

/// <summary>A folder of its own for each test, to put a checkpoint into and damage it.</summary>
public abstract class CheckpointFolderTest : IDisposable
{
    /// <summary>The folder.</summary>
    protected string Model { get; } = Directory.CreateTempSubdirectory("espalier-test-").FullName;

    public void Dispose()
    {
        Directory.Delete(Model, recursive: true);
        GC.SuppressFinalize(this);
    }

    protected void Copy(string golden, bool weights = true)
    {
        File.Copy(Fixtures.Golden(golden, "config.json"), Path.Combine(Model, "config.json"));
        if (weights)
            File.Copy(Fixtures.Golden(golden, "model.safetensors"), Path.Combine(Model, "model.safetensors"));
    }

    protected void WriteIndex(JsonObject map) =>
        File.WriteAllBytes(Path.Combine(Model, "model.safetensors.index.json"),
            Encoding.UTF8.GetBytes(new JsonObject { ["weight_map"] = map.DeepClone() }.ToJsonString()));

    protected void Fails(params string[] expected)
    {
        var error = Assert.Throws<EspalierException>(() => Checkpoint.Open(Model));
        foreach (var text in expected)
            Assert.Contains(text, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
    }
}
