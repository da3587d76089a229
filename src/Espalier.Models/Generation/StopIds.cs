using Espalier.Models.Checkpoints;
using Espalier.Models.Tokenizers;

namespace Espalier.Models.Generation;

/// <summary>The ids that end a text: those of config.json, of generation_config.json and of the tokenizer.</summary>
internal static class StopIds
{
    /// <summary>All of a model's.</summary>
    public static IReadOnlySet<int> Of(Checkpoint model, Tokenizer tokenizer)
    {
        var ids = new HashSet<int>(model.Config.EosTokenIds);
        if (tokenizer.EosId is { } eos)
            ids.Add(eos);
        ids.UnionWith(new GenerationFields(model).EosIds);
        return ids;
    }
}
