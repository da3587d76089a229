using Espalier.Compression.Distillation;
using Espalier.Models.Families;
using Espalier.Pipeline.Options.Training;

namespace Espalier.Pipeline.Checks;

/// <summary>
/// What a training asks of the shape of its model and of what is held out: known from config.json and the options, so refused before
/// anything is scored, evaluated or trained.
/// </summary>
internal static class TrainingChecks
{
    /// <summary>Refuses parts that the model does not have, and a training that leaves nothing to train.</summary>
    public static void Parts(TrainingSection section, Family family, DecoderConfig model)
    {
        Parameter[] parameters = [.. family.Table.Parameters(model).Select(named => named.Parameter)];
        section.Freeze.Within(model, parameters);
        if (section.RouterBalance > 0)
            RouterBalance.Check(model);
        if (section.LoraRank is not null)
            _ = section.LoraTargets.Within(parameters, section.Freeze);
    }

    /// <summary>Refuses a training that is to stop by a held-out loss where nothing is held out.</summary>
    public static void Stopping(TrainingSection section, double heldOut)
    {
        if (section.EarlyStopping > 0 && heldOut == 0)
            throw new EspalierException(
                $"early-stopping is {section.EarlyStopping} and needs a held-out loss, but nothing is held out; hold out a share");
    }
}
