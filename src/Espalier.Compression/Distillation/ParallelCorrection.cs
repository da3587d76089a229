using Espalier.Compression.Data.Batches;
using Espalier.Compression.Distillation.Losses;
using Espalier.Compression.Training;
using Espalier.Compression.Training.Optimizers;

namespace Espalier.Compression.Distillation;

// Shapes: B batch, T time, N = B T positions, E teacher width.

/// <summary>
/// Teacher correction while the student learns (arXiv 2408.11796: as good as before): on every batch the teacher takes a step of
/// cross-entropy on the text, and the student one towards the teacher's distribution as it stood before that step. One forward pass of the
/// teacher serves both, and nothing flows from the student's loss into the teacher. The teacher stays the caller's.
/// </summary>
internal sealed class ParallelCorrection : Objective
{
    private readonly LearningTeacher _teacher;
    private readonly Objective _student;

    /// <param name="teacher">The teacher; gradients of all its parameters are wanted from now on.</param>
    /// <param name="learningRateFactor">The teacher's learning rate over the student's, at every step; above 0.</param>
    /// <param name="student">The student's objective, given the teacher.</param>
    public ParallelCorrection(Decoder teacher, double learningRateFactor, Func<Teacher, Objective> student)
    {
        if (!(learningRateFactor > 0 && double.IsFinite(learningRateFactor)))
            throw new ArgumentOutOfRangeException(nameof(learningRateFactor), learningRateFactor, "must be above 0");
        teacher.RequiresGrad = true;
        _teacher = new(teacher);
        _student = student(_teacher);
        PartNames = [.. _student.PartNames, "teacher"];
        Trained =
        [
            .. _student.Trained,
            new("teacher",
                [.. teacher.Parameters.Select(p =>
                    new TrainedParameter(p.Parameter.ToString(), p.Value, p.Value.Dimensions == 2, learningRateFactor))]),
        ];
    }

    public override string Name => $"{_student.Name}, teacher corrected";

    /// <summary>The student's parts, and <c>teacher</c>: its cross-entropy on the text.</summary>
    public override IReadOnlyList<string> PartNames { get; }

    public override IReadOnlyList<ParameterSet> Trained { get; }

    /// <summary>
    /// The sum is the student's loss; the teacher's is the last part. A teacher whose loss is not finite shows in the norm of its set.
    /// </summary>
    protected override ObjectiveSums AccumulateCounted(Decoder student, Batch batch, double scale)
    {
        _teacher.Begin(scale);
        var sums = _student.Accumulate(student, batch, scale);
        return new(sums.Sum, [.. sums.Parts, _teacher.End()]);
    }

    /// <summary>Learns from a batch while its outputs are made.</summary>
    private sealed class LearningTeacher(Decoder teacher) : Teacher
    {
        private readonly CrossEntropy _loss = new();
        private double _scale;
        private double? _sum;

        public void Begin(double scale) => (_scale, _sum) = (scale, null);

        public double End() => _sum ?? throw new InvalidOperationException("the student's objective did not run the teacher");

        public override TeacherOutputs OutputsOf(Batch batch, Tensor ids_BT, IReadOnlyCollection<TapPlace> places)
        {
            using var pass = teacher.Train(ids_BT, places, batch.Places);
            var hidden_NE = pass.Hidden.View(-1, pass.Hidden.Size(-1));
            var counted = CountedPositions.Of(batch, teacher.Device);
            var head = _loss.Backward(
                teacher.Head, counted.Rows(hidden_NE), counted.Rows(Tensor.From<long>(batch.Targets, batch.Tokens).On(teacher.Device)),
                null, _scale);
            _sum = head.Sum;
            pass.Backward(counted.Spread(head.HiddenGradient).View(batch.Size, batch.Sequence, hidden_NE.Size(-1)));
            // Detached handles of the caller's scope: the graph ends here, the values stay. Weights change at the end of the step, after
            // all micro-batches.
            return new(new DenseDistributions(hidden_NE, teacher.Head.Detach()), places.ToDictionary(place => place, pass.Tapped));
        }
    }
}
