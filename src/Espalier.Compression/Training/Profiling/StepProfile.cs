using Espalier.Compression.Training.Speeds;

namespace Espalier.Compression.Training.Profiling;

/// <summary>A phase of a step, in the mean over the steps that were measured.</summary>
/// <param name="Seconds">Wall-clock seconds a step.</param>
/// <param name="Share">Of the step's seconds.</param>
/// <param name="Gflops">10⁹ operations a second (<see cref="StepOperations"/>); null where the phase has none.</param>
/// <param name="ShareOfProduct">The same over what a large product does here; null where the phase has none.</param>
/// <param name="PageFaults">Pages a step that the system had to map.</param>
/// <param name="ManagedBytes">Bytes a step that were allocated for the garbage collector.</param>
internal sealed record PhaseProfile(
    StepPhase Phase, double Seconds, double Share, double? Gflops, double? ShareOfProduct, double PageFaults, double ManagedBytes);

/// <summary>
/// Where the time of training steps went. The first step of a start, which pays for memory and compilation, is left out where there are
/// others.
/// </summary>
/// <param name="Stage">What was trained: correct, distill, pretrain.</param>
/// <param name="Steps">Steps that were measured.</param>
/// <param name="Tokens">Positions of a step.</param>
/// <param name="Seconds">Wall-clock seconds a step.</param>
/// <param name="Gflops">10⁹ operations a second of whole steps.</param>
/// <param name="ShareOfProduct">The same over <paramref name="ProductGflops"/>.</param>
/// <param name="ProductGflops">10⁹ operations a second of a large float32 product on the same threads (<see cref="MatrixSpeed"/>).</param>
/// <param name="PageFaults">Pages a step that the system had to map.</param>
/// <param name="ManagedBytes">Bytes a step that were allocated for the garbage collector.</param>
/// <param name="Phases">The phases, in the order in which a step comes to them.</param>
internal sealed record StepProfile(
    string Stage, long Steps, double Tokens, double Seconds, double Gflops, double ShareOfProduct, double ProductGflops, double PageFaults,
    double ManagedBytes, IReadOnlyList<PhaseProfile> Phases);
