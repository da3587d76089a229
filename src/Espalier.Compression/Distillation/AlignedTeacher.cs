using Espalier.Compression.Data.Batches;
using Espalier.Compression.Distillation.Losses;

namespace Espalier.Compression.Distillation;

/// <summary>
/// A teacher's outputs on the first entries of its vocabulary only: those that it shares with the student
/// (<see cref="VocabularyAlignment"/>). The rest gets no probability on either side.
/// </summary>
/// <param name="teacher">The teacher; stays the caller's.</param>
/// <param name="vocabulary">Entries that count, at most the teacher's.</param>
internal sealed class AlignedTeacher(Teacher teacher, int vocabulary) : Teacher
{
    public override bool TakesThreads => teacher.TakesThreads;

    internal override bool LetsGo => teacher.LetsGo;

    public override TeacherOutputs OutputsOf(Batch batch, Tensor ids_BT, IReadOnlyCollection<TapPlace> places)
    {
        var outputs = teacher.OutputsOf(batch, ids_BT, places);
        return outputs with { Distributions = new FirstEntries(outputs.Distributions, vocabulary) };
    }

    private sealed class FirstEntries(TeacherDistributions whole, int vocabulary) : TeacherDistributions
    {
        public override long Vocabulary => Math.Min(vocabulary, whole.Vocabulary);

        internal override bool LetsGo => whole.LetsGo;

        public override DistributionChunk At(long start, long end, long vocabulary) => whole.At(start, end, vocabulary);

        internal override DistributionChunk Next(long start, long end, long vocabulary, ref Tensor? room_CV) =>
            whole.Next(start, end, vocabulary, ref room_CV);

        internal override int PartsOf(long positions) => whole.PartsOf(positions);

        internal override void LetGo() => whole.LetGo();

        public override TeacherDistributions Rows(Tensor index_M) => new FirstEntries(whole.Rows(index_M), vocabulary);
    }
}
