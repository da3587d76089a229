using Espalier.Pipeline.Runs.Results;

namespace Espalier.Reports.Runs;

/// <summary>
/// How far a student is from its teacher on a text, paired by window: what is hard for both cancels out, so it is surer than their two
/// standard errors.
/// </summary>
/// <param name="Arm">The recipe's name.</param>
/// <param name="Model">The student.</param>
/// <param name="Against">The teacher, as given or corrected.</param>
/// <param name="Set">The text.</param>
/// <param name="Nll">The student's loss less the teacher's, nats per token: below 0 the student is better.</param>
/// <param name="Lower">Lower end of the 95 % interval (Student's t over the windows).</param>
/// <param name="Upper">Upper end.</param>
/// <param name="Windows">How many windows both were asked about.</param>
internal sealed record TeacherDifference(
    string Arm, string Model, string Against, string Set, double Nll, double Lower, double Upper, int Windows)
{
    /// <summary>Each student against each form of its teacher; recipes that share both have one. Of other windows there is none.</summary>
    public static IReadOnlyList<TeacherDifference> Of(IReadOnlyList<CompressResult> results)
    {
        var known = new KnownLosses();
        return
        [
            .. from pair in (from result in results
                             let student = result.Rows.LastOrDefault(row => row.Model == "student")
                             where student is not null
                             from teacher in result.Rows.Where(row => row.Model is "teacher" or "corrected teacher")
                             select (result.Arm, Student: (Row: student, result.Output), Teacher: (Row: teacher, result.Output)))
                   .DistinctBy(pair => (IdentityOf(pair.Student.Row), IdentityOf(pair.Teacher.Row)))
               from set in pair.Student.Row.Evaluations.Select(evaluation => evaluation.Set)
               where known.AreOfTheSame(pair.Student, pair.Teacher, set)
               let interval = known.OverWindows(pair.Student, pair.Teacher, set)
               where interval is not null
               select new TeacherDifference(pair.Arm, pair.Student.Row.Model, pair.Teacher.Row.Model, set, interval.Mean, interval.Lower,
                   interval.Upper, interval.Pairs),
        ];
    }

    // Equal contents on the same texts share their evaluation, under whatever path they lie.
    private static string IdentityOf(ModelRow row) => row.Stage ?? row.Path;
}
